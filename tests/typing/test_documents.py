"""A wrong example is found by both checkers, on the page and the line where it stands."""

from pathlib import Path

import pytest
from tests.documents import ROOT, documents, programs
from tests.typing.documents import complaints

PAGE = """Two programs.

```python file=shop.py
from accounts_core import Accounts


async def opened(accounts: Accounts) -> None:
    await accounts.register(email="jane@example.org", password="a long password")
```

- The one above, and this in a list:

  ```python
  import shop

  opened = shop.opened
  ```

  ```python continued
  coroutine = opened("no accounts")
  ```

```python fragment: what comes before it depends on the framework
return no_such_name
```
"""


def written(path: Path, text: str = PAGE) -> Path:
    path.write_text(text)
    return path


def test_a_wrong_example_is_found_by_both_checkers_with_its_page_and_line(tmp_path: Path) -> None:
    pages = [written(tmp_path / "shop.md"), written(tmp_path / "other.md")]

    found = [(Path(one.path).name, one.line, one.checker, one.what.split("[")[-1]) for one in complaints(pages)]

    assert found == [
        (page, line, checker, code)
        for page in ("other.md", "shop.md")
        for line, checker, code in (
            (8, "basedpyright", "reportCallIssue]"),
            (8, "mypy", "call-arg]"),
            (20, "basedpyright", "reportArgumentType]"),
            (20, "mypy", "arg-type]"),
        )
    ]


@pytest.mark.parametrize("fence", ["py", "python3", "pycon", "python fragment:", "python continued", "python title=a"])
def test_a_block_of_python_says_what_it_is_or_is_refused(fence: str, tmp_path: Path) -> None:
    page = written(tmp_path / "page.md", f"# A page\n\n```{fence}\npass\n```\n")

    with pytest.raises(ValueError, match=r"page\.md:3: "):
        programs(page)


def test_every_page_of_the_documents_is_read() -> None:
    shown = {str(page.relative_to(ROOT)): len(programs(page)) for page in documents()}

    assert len(shown) > 30
    for page in ("README.md", "docs/forking.md", "docs/simulation.md", "docs/stripe-simulator.md"):
        assert shown[page] > 1
