"""The guides name files, targets of make and pages that are there."""

import re
from pathlib import Path
from typing import Final

import pytest
from tests.documents import ROOT

GUIDES: Final = [
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/releasing.md",
    "docs/settings.md",
    "tests/README.md",
    ".github/pull_request_template.md",
]
PATH: Final = re.compile(r"`((?:\.ci|docs|examples|src|tests)/[\w./-]+)`")
LINK: Final = re.compile(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)")
TARGET: Final = re.compile(r"(?:`|^)make ([a-z-]+)", re.MULTILINE)


def missing(text: str, folder: Path) -> list[str]:
    """Return the paths, links and targets of make in a page of this folder that are not there."""
    makefile = (ROOT / "Makefile").read_text()
    return [
        *(path for path in PATH.findall(text) if not (ROOT / path).exists()),
        *(link for link in LINK.findall(text) if not (folder / link).exists()),
        *(f"make {target}" for target in TARGET.findall(text) if not re.search(rf"^{target}:", makefile, re.MULTILINE)),
    ]


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_names_is_there(guide: str) -> None:
    assert missing((ROOT / guide).read_text(), (ROOT / guide).parent) == []


def test_a_file_a_link_and_a_target_that_are_not_there_are_found() -> None:
    text = "`src/no.py`, `src/accounts_core`, [a](no.md), [b](adr/README.md#x), `make no`, `make test`, [c](http://no)"

    assert missing(text, ROOT / "docs") == ["src/no.py", "no.md", "make no"]
