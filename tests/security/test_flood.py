"""A sign-in flood, with real hashes at a real service: `make flood` in small. How fast anything is decides nothing."""

import sys
from pathlib import Path

import pytest
from benchmarks.flood import measure, told

FLOOD = 100


@pytest.mark.long  # half a minute of hashing
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of another process is read from /proc")
def test_a_flood_of_sign_ins_stays_under_the_permits_bound_and_others_go_on_reading(tmp_path: Path) -> None:
    seen = measure(tmp_path, f"sqlite:///{tmp_path / 'accounts.db'}", FLOOD, seconds=0.5)

    assert seen.is_kept, told(seen, FLOOD)
    assert seen.flooded.answers > 0
    assert {*seen.answers} <= {200, 401, 503}
    assert seen.answers[200] > 0
    assert seen.answers[401] > 0
