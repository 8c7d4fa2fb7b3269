"""`docs/security/asvs.md` says what is met, and by what it is shown: each of those tests and pages is there."""

import re
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security/asvs.md").read_text()
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)

SELECTED = 154
"""Requirements that apply to a service of this kind, or would with a feature that it may have."""


@attrs.frozen
class Row:
    id: str
    level: str
    standing: str
    reason: str
    shown: str


ROWS = [Row(*(cell.strip().strip("`") for cell in found)) for found in ROW.findall(PAGE)]


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
    path, _, name = row.shown.partition("::")
    text = (ROOT / path).read_text()
    if path.endswith(".py"):
        assert re.search(rf"def {name}\(", text), f"{path} has no test {name}"
