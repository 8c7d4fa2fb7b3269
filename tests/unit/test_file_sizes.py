"""No file of the product is longer than somebody reads at a sitting."""

from pathlib import Path
from typing import Final

import pytest

SRC: Final = Path(__file__).parents[2] / "src"
MOST_LINES: Final = 300
FILES: Final = sorted(file.relative_to(SRC) for file in SRC.rglob("*.py"))


def is_exempt(file: Path) -> bool:
    """A migration is never changed once it is released, so it is not divided either."""
    return file.parent.name == "versions"


def test_the_files_are_found() -> None:
    assert len(FILES) > 300
    assert Path("accounts_core/accounts.py") in FILES
    assert sum(is_exempt(file) for file in FILES) >= 9


@pytest.mark.parametrize("file", [file for file in FILES if not is_exempt(file)], ids=str)
def test_a_file_has_no_more_than_300_lines(file: Path) -> None:
    assert (SRC / file).read_text().count("\n") <= MOST_LINES
