"""`docs/security/asvs.md` says what is met, and by what it is shown: each of those tests and sections is there."""

import re
from collections import Counter
from pathlib import Path
from typing import Self

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security/asvs.md").read_text()
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)

SELECTED = 155
"""Requirements that apply to a service of this kind, or would with a feature that it may have."""


@attrs.frozen
class Row:
    id: str
    level: str
    standing: str
    reason: str
    shown: list[str]

    @classmethod
    def read(cls, id: str, level: str, standing: str, reason: str, shown: str) -> Self:
        return cls(id, level, standing.strip(), reason.strip(), re.findall("`([^`]+)`", shown))


ROWS = [Row.read(*found) for found in ROW.findall(PAGE)]


def test_each_selected_requirement_is_there_once() -> None:
    assert len(ROWS) == len({row.id for row in ROWS}) == SELECTED


def test_what_is_excepted_is_named_at_the_top() -> None:
    (named,) = re.findall(r"\*\*Excepted\*\*, plainly: ([^\n]*?)\. There", PAGE)

    assert [row.id for row in ROWS if row.standing == "excepted"] == named.split(", ")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_is_met_is_shown_by_what_is_there_and_what_is_not_has_a_reason(row: Row) -> None:
    assert row.standing in {"met", "excepted", "not applicable"}
    if row.standing != "met":
        assert row.reason
        return
    assert row.shown
    for shown in row.shown:
        path, _, name = shown.partition("::")
        path, _, section = path.partition("#")
        text = (ROOT / path).read_text()
        if path.endswith(".py"):
            assert re.search(rf"def {name}\(", text), f"{path} has no test {name}"
        if section:
            assert section in _sections(text), f"{path} has no section {section}"


def test_the_top_counts_what_is_below() -> None:
    standings = Counter(row.standing for row in ROWS)

    assert f"{len(ROWS)} in all,\n{standings['met']} met, {standings['excepted']} excepted," in PAGE


def _sections(page: str) -> set[str]:
    """Return what the headings of a page are linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
