"""`docs/security/asvs.md` says what is met, and by which test: each of those is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/security/asvs.md").read_text())


def test_each_requirement_is_there_once() -> None:
    ids = [row[0] for row in ROWS]

    assert len(ids) == len(set(ids)) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_met_is_shown_by_a_test_that_is_there_and_what_is_not_has_a_reason(row: tuple[str, ...]) -> None:
    _, _, standing, reason, shown = row
    assert standing in {"met", "excepted", "not applicable"}
    if standing != "met":
        assert reason.strip()
        return
    path, _, name = shown.strip("`").partition("::")
    assert re.search(rf"def {name}\(", (ROOT / path).read_text()), f"{path} has no test {name}"
