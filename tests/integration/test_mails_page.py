"""docs/mails.md says what there is, and its examples run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.documents import ROOT, Program, programs

from accounts_core.ports.mailer import MailKind
from accounts_smtp.sources import LAYOUTS, LOGOS, MAX_LOGO_BYTES, PRODUCT
from accounts_smtp.variables import COMMON, OPTIONAL, variables_of

MAILS: Final = ROOT / "docs" / "mails.md"
PAGE: Final = MAILS.read_text()
MAX_PICTURE_BYTES: Final = 40_000


def rows(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_has_every_kind_with_its_variables() -> None:
    told = {named(row[0])[0]: row[2] for row in rows("Variables") if len(row) == 3 and named(row[0])}

    assert list(told) == [str(kind) for kind in MailKind]
    for kind in MailKind:
        assert named(told[kind]) == list(variables_of(kind))
        assert set(re.findall(r"\*`([^`]+)`\*", told[kind])) == OPTIONAL[kind]


def test_the_table_has_the_variables_of_every_template() -> None:
    assert [name for row in rows("Variables") if len(row) == 2 for name in named(row[0])] == list(COMMON)


def test_the_table_has_every_file() -> None:
    told = {name for row in rows("Your own texts") for name in named(row[0])}

    assert {*LAYOUTS, PRODUCT, *LOGOS} <= told
    assert {f"en/verify_email.{part}" for part in ("subject.txt", "body.txt", "body.html")} | {"en/footer.txt"} <= told
    assert f"at most {MAX_LOGO_BYTES:,} bytes" in PAGE


def test_its_eight_pictures_are_there_and_small() -> None:
    shown = re.findall(r"\]\((pictures/mails/[\w.-]+)\)", PAGE)

    assert len(shown) == len(set(shown)) == 8
    assert {path.name for path in (ROOT / "docs/pictures/mails").iterdir()} == {Path(each).name for each in shown}
    assert all((ROOT / "docs" / each).stat().st_size <= MAX_PICTURE_BYTES for each in shown)


@pytest.mark.parametrize("program", programs(MAILS), ids=lambda program: str(program.line))
def test_an_example_prints_what_the_page_says(program: Program, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(program.text)

    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, check=False, text=True, capture_output=True, timeout=60)

    assert done.stderr == ""
    said = "\n".join(f"    {line}".rstrip() for line in done.stdout.rstrip().splitlines())
    assert f"It prints:\n\n{said}\n" in PAGE
