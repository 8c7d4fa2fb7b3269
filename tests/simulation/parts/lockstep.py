"""The same steps on memory, SQLite and PostgreSQL."""

from collections.abc import Iterator

from tests.simulation.lockstep.machine import use_cases
from tests.simulation.lockstep.running import explore

from .part import Effort, Row

SHORT = 2_000
LONG = 100_000


def run(effort: Effort) -> Iterator[Row]:
    steps = LONG if effort.is_long else SHORT
    ran = explore(steps=steps, seconds=None, seed=effort.seed, processes=effort.processes)
    yield Row(
        part="in lock-step, three stores",
        counts={
            "use cases": len(use_cases() & ran.tally.taken),
            "histories": ran.tally.examples,
            "steps": ran.tally.steps,
        },
        seconds=ran.elapsed_seconds,
        violations=tuple(f"seed {each.seed}: {each.what}\n{each.reproduction}" for each in ran.violations),
    )
