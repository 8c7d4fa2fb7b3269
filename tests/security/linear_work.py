"""A1: how much more work four times as much input is, for every parser and pattern on what clients send.

`python -m tests.security.linear_work` prints the table. Linear is about 4, quadratic is 16; more than 8 is a fault.
What bounds its own input is measured at a quarter of the bound and at the bound.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import thread_time_ns
from typing import Final

import attrs

SMALL: Final = 4 * 1024
LARGE: Final = 16 * 1024
MOST: Final = 8.0
SAMPLES: Final = 7

Work = Callable[[], object]


@attrs.frozen(kw_only=True)
class Worst:
    """Text that may be hard to read: `before`, then `again` as often as it fits, then `after`."""

    again: str
    before: str = ""
    after: str = ""

    def text(self, size: int) -> str:
        room = max(size - len(self.before) - len(self.after), 0)
        return self.before + (self.again * (room // len(self.again) + 1))[:room] + self.after

    def __str__(self) -> str:
        return f"{self.before[:12]}{self.again!a}{self.after[:12]}"[:40]


@attrs.frozen(kw_only=True)
class Row:
    """Something that reads what a client sends; `make(text)` returns the work of reading it once."""

    name: str
    make: Callable[[str], Work]
    worst: tuple[Worst, ...]
    large: int = LARGE
    """How long the longest text is: its own bound where it has one."""


@attrs.frozen(kw_only=True)
class Measured:
    row: str
    worst: str
    size: int
    small_ns: float
    large_ns: float

    @property
    def ratio(self) -> float:
        return self.large_ns / self.small_ns

    @property
    def is_linear(self) -> bool:
        return self.ratio <= MOST

    def __str__(self) -> str:
        small, large = self.small_ns / 1000, self.large_ns / 1000
        return f"{self.row:58} {self.worst:42} {self.size:7} {small:10.1f} {large:10.1f} {self.ratio:6.2f}"


HEADING: Final = f"{'what':58} {'worst':42} {'size':>7} {'1/4 in us':>10} {'1/1 in us':>10} {'ratio':>6}"


def measure(row: Row, worst: Worst, *, sample_ns: int, samples: int = SAMPLES) -> Measured:
    """Return the least time of several samples at each size; each sample takes `sample_ns` or more."""
    works = [row.make(worst.text(size)) for size in (row.large // 4, row.large)]
    small, large = (_least(work, sample_ns, samples) for work in works)
    return Measured(row=row.name, worst=str(worst), size=row.large, small_ns=small, large_ns=large)


def settled(row: Row, worst: Worst, *, tries: int = 4) -> Measured:
    """Measure quickly, and where that looks bad again with longer samples: a busy machine is no fault in the code."""
    measured = measure(row, worst, sample_ns=50_000)
    for _ in range(tries):
        if measured.is_linear:
            break
        with _without_garbage_of_others():
            again = measure(row, worst, sample_ns=1_000_000)
        measured = attrs.evolve(
            again,
            small_ns=min(measured.small_ns, again.small_ns),
            large_ns=min(measured.large_ns, again.large_ns),
        )
    return measured


@contextmanager
def _without_garbage_of_others() -> Iterator[None]:
    """Leave what the process holds already out of garbage collection, which would count it as the parser's work."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _least(work: Work, sample_ns: int, samples: int) -> float:
    repeats = 1
    while True:
        taken = _sample(work, repeats)
        if taken >= sample_ns:
            break
        repeats = max(repeats * 2, int(repeats * sample_ns / max(taken, 1)))
    return min([taken, *(_sample(work, repeats) for _ in range(samples - 1))]) / repeats


def _sample(work: Work, repeats: int) -> int:
    began = thread_time_ns()
    for _ in range(repeats):
        work()
    return thread_time_ns() - began


def table(rows: tuple[Row, ...]) -> Iterator[Measured]:
    for row in rows:
        for worst in row.worst:
            yield measure(row, worst, sample_ns=1_000_000)


def main() -> int:
    from tests.security.linear_parsers import PARSERS
    from tests.security.linear_patterns import OLD, PATTERNS
    from tests.security.linear_requests import serving_rows

    faults = 0
    sys.stdout.write(f"{HEADING}\n")
    with serving_rows() as requests:
        for measured in table((*PATTERNS, *PARSERS, *requests)):
            faults += not measured.is_linear
            sys.stdout.write(f"{measured}{'' if measured.is_linear else '  <-- not linear'}\n")
    for measured in table((OLD,)):
        sys.stdout.write(f"{measured}  <-- known to be quadratic\n")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
