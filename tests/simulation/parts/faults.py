"""Every fault at every await of every use case, on each store; and in memory a second fault in the recovery."""

import time
from collections.abc import Iterator
from functools import partial

from tests.simulation.exhaustive import explored, explored_twice
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.tally import Tally

from .part import Effort, Row, backend, server_for, spread

TWICE_IN_SHORT = 7
"""In the short run, of the second faults one in so many is taken."""


def run(effort: Effort) -> Iterator[Row]:
    for name in ("memory", "sqlite", "postgres"):
        yield _row(f"one fault, {name}", name, effort, partial(once, name))
    yield _row("two faults, memory", "memory", effort, partial(twice, 1 if effort.is_long else TWICE_IN_SHORT))


def once(name: str, url: str | None, number: int) -> Tally:
    return explored(SCENARIOS[number], backend(name, url))


def twice(one_in: int, url: str | None, number: int) -> Tally:
    return explored_twice(SCENARIOS[number], backend("memory", url), lambda way: way % one_in == 0)


def row_of(part: str, tally: Tally, seconds: float) -> Row:
    return Row(
        part=part,
        counts={
            "use cases": len(tally.calls),
            "scenarios": tally.scenarios,
            "awaits": tally.awaits,
            "possible faults": tally.modes,
            "tried": tally.runs,
            "kills": tally.kills,
            "acknowledged": tally.acknowledged,
            "in doubt": tally.in_doubt,
            "states": tally.states,
            "recoveries": tally.recoveries,
        },
        seconds=seconds,
        violations=tuple(tally.violations),
    )


def _row(part: str, name: str, effort: Effort, work: "partial[Tally]") -> Row:
    began, total = time.monotonic(), Tally()
    with server_for(name) as url:
        for tally in spread(partial(work, url), range(len(SCENARIOS)), effort):
            total.add(tally)
    return row_of(part, total, time.monotonic() - began)
