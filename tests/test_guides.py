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
    "docs/litestar.md",
    "docs/mounting.md",
    "docs/releasing.md",
    "docs/settings.md",
    "docs/testing.md",
    "tests/README.md",
    ".github/pull_request_template.md",
]
PATH: Final = re.compile(r"`((?:\.ci|docs|examples|src|tests)/[\w./-]+)`")
LINK: Final = re.compile(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)")
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
TARGET: Final = re.compile(r"(?:`|^)make ([a-z-]+)", re.MULTILINE)


def links(text: str) -> list[str]:
    return [f"{file}#{anchor}" if anchor else file for file, anchor in LINK.findall(text)]


def leads_somewhere(link: str, text: str, folder: Path) -> bool:
    """Return whether the file of a link exists, and the heading if it names one as GitHub does."""
    file, _, anchor = link.partition("#")
    if not (folder / file).exists():
        return False
    headings = HEADING.findall((folder / file).read_text() if file else text) if anchor else []
    return not anchor or anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def missing(text: str, folder: Path) -> list[str]:
    """Return the paths, links and targets of make in a page of this folder that are not there."""
    makefile = (ROOT / "Makefile").read_text()
    return [
        *(path for path in PATH.findall(text) if not (ROOT / path).exists()),
        *(link for link in links(text) if not leads_somewhere(link, text, folder)),
        *(f"make {target}" for target in TARGET.findall(text) if not re.search(rf"^{target}:", makefile, re.MULTILINE)),
    ]


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_names_is_there(guide: str) -> None:
    assert missing((ROOT / guide).read_text(), (ROOT / guide).parent) == []


def test_a_file_a_link_and_a_target_that_are_not_there_are_found() -> None:
    text = (
        "`src/no.py`, `src/accounts_core`, [a](no.md), [b](adr/README.md#x), "
        "[d](settings.md#settings), `make no`, `make test`, [c](http://no)"
    )

    assert missing(text, ROOT / "docs") == ["src/no.py", "no.md", "adr/README.md#x", "make no"]
