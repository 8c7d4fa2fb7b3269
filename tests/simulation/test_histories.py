"""Random histories of people, workers, webhooks and broken machines agree with what people were told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulation.parts.histories import SIMULATION, told_in_full

ROOT = Path(__file__).resolve().parents[2]
DIGEST = """
from hashlib import sha256
from tests.simulation.parts.histories import SIMULATION
print(sha256("".join(SIMULATION.play(seed).schedule() for seed in range(10)).encode()).hexdigest())
"""


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_what_was_acknowledged_is_there_and_what_was_refused_is_not(first: int) -> None:
    played = [(seed, SIMULATION.play(seed)) for seed in range(first, first + 20)]

    assert [told_in_full(each, seed) for seed, each in played if each.violated] == []
    assert sum(each.tally["acknowledged"] for _, each in played) > 50


@pytest.mark.long
def test_a_seed_is_the_same_history_in_every_process() -> None:
    """Whatever order Python gives its sets in."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1
