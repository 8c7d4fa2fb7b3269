"""The search for words that the glossary replaces."""

from pathlib import Path

import pytest
from tests.glossary import PATTERNS, ROOT, Hit, find_hits, main, read_patterns, searched_files


def written(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_each_line_that_matches_is_named_with_its_pattern(tmp_path: Path) -> None:
    written(tmp_path, "src/core/a.py", "retry()\nsettle(work)\n")
    written(tmp_path, "docs/page.md", "It is let go.\n\nsettle(it), and let go\n")
    written(tmp_path, "README.md", "let go\n")
    patterns = read_patterns(written(tmp_path, "banned.txt", "# a comment\n\nsettle\\(\nlet go\n"))

    assert list(find_hits(tmp_path, patterns)) == [
        Hit(Path("src/core/a.py"), 2, "settle\\("),
        Hit(Path("docs/page.md"), 1, "let go"),
        Hit(Path("docs/page.md"), 3, "settle\\("),
        Hit(Path("docs/page.md"), 3, "let go"),
        Hit(Path("README.md"), 1, "let go"),
    ]
    assert str(Hit(Path("docs/page.md"), 3, "let go")) == "docs/page.md:3: let go"


def test_decisions_migrations_the_glossary_itself_and_other_files_are_not_searched(tmp_path: Path) -> None:
    migration = "src/adapters/accounts_sql/migrations/versions/v0001.py"
    for path in ("docs/adr/0001.md", "docs/glossary.md", "docs/glossary-banned.txt", migration, "src/data.txt", "a.py"):
        written(tmp_path, path, "let go\n")
    written(tmp_path, "docs/security/rules.md", "fine\n")

    assert searched_files(tmp_path) == [Path("docs/security/rules.md")]


def test_a_line_that_is_no_expression_or_matches_everything_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"banned\.txt:2: "):
        read_patterns(written(tmp_path, "banned.txt", "fine\n(\n"))
    with pytest.raises(ValueError, match=r"banned\.txt:1: matches every line"):
        read_patterns(written(tmp_path, "banned.txt", "a*\n"))


def test_the_patterns_of_the_project_are_read_and_their_files_are_there() -> None:
    assert len(read_patterns(ROOT / PATTERNS)) >= 20
    assert {Path("README.md"), Path("docs/going-live.md")} <= set(searched_files(ROOT))


def test_the_exit_code_says_whether_anything_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.glossary.ROOT", tmp_path)
    written(tmp_path, "docs/glossary-banned.txt", "let go\nsettle\n")
    page = written(tmp_path, "docs/page.md", "let go\n")

    assert main([]) == 1
    assert capsys.readouterr().out == "docs/page.md:1: let go\n"
    assert main(["--count"]) == 1
    assert capsys.readouterr().out == "    1  let go\n    0  settle\n"

    page.write_text("released\n")
    assert main([]) == 0
    assert capsys.readouterr().out == "No banned words.\n"
