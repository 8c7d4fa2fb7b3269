"""Random histories against the reference model."""

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

from tests.simulation.histories.ledger import Ledger

from accounts_core.testing.simulation import Played, Simulation

from .part import Effort, Row, spread

SIMULATION = Simulation(make=Ledger, operations=60)
IN_ONE_GO = 50
LONG = 1_000_000
MOST_TOLD = 3
"""So many histories that fail are shrunk and told in full."""


def run(effort: Effort) -> list[Row]:
    began, counts, failed = time.monotonic(), Counter[str](), list[int]()
    until = None if effort.is_long or effort.histories else began + effort.seconds
    many = effort.histories or LONG
    for counted, seeds in spread(partial(play, until), _portions(effort.seed, many), effort):
        counts.update(counted)
        failed += seeds
    seconds = time.monotonic() - began
    counts["a second"] = round(counts["histories"] / seconds)
    told = tuple(told_in_full(SIMULATION.play(seed), seed) for seed in failed[:MOST_TOLD])
    rest = tuple(f"SEED={seed} fails as well" for seed in failed[MOST_TOLD:])
    return [Row(part="random histories", counts=counts, seconds=seconds, violations=told + rest)]


def _portions(seed: int, many: int) -> Iterator[range]:
    for first in range(seed, seed + many, IN_ONE_GO):
        yield range(first, min(first + IN_ONE_GO, seed + many))


def play(until: float | None, seeds: range) -> tuple[Counter[str], list[int]]:
    """Play these, unless it is too late; return what is to be counted, and the seeds that failed."""
    counts, failed = Counter[str](), []
    for seed in seeds:
        if until is not None and time.monotonic() > until:
            break
        played = SIMULATION.play(seed)
        counts.update(
            {
                "histories": 1,
                "steps": len(played.steps),
                "faults": played.faults,
                "kills": played.kills,
                "acknowledged": played.tally["acknowledged"],
                "in doubt": played.tally["in doubt"],
                "settled": played.tally["settled"],
            }
        )
        if played.violated is not None:
            failed.append(seed)
    return counts, failed


def told_in_full(played: Played, seed: int | None = None) -> str:
    """Return what does not hold, and the shortest schedule found that leads there, to be played again."""
    shrunk = SIMULATION.shrink(played)
    head = "" if seed is None else f"SEED={seed}: "
    return f"{head}{shrunk.violated}\n{shrunk.schedule()}\nREPLAY='{shrunk.plan.dumps()}'"
