"""Two things at once: another act comes between at every await of one."""

import time

from tests.simulation.races import GROUNDS, raced
from tests.simulation.tally import Tally

from .faults import row_of
from .part import Effort, Row, backend, spread


def run(effort: Effort) -> list[Row]:
    began, total = time.monotonic(), Tally()
    for tally in spread(race, [(ground, first) for ground, (_, acts) in GROUNDS.items() for first in acts], effort):
        total.add(tally)
    return [row_of("two at once, memory", total, time.monotonic() - began)]


def race(which: tuple[str, str]) -> Tally:
    return raced(*which, backend("memory", None))
