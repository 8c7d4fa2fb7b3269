"""Deciders: they choose the fault and the next task wherever a run can continue in several ways.

A decision is identified by its place: the n-th point of a task. A script therefore stays valid when other tasks or
decisions are removed from it, which allows shrinking.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, Protocol, TypeAlias

import attrs

from .faults import Fault, Point, faults_at

At: TypeAlias = tuple[str, int]
"""Name of a task, and the number of points that it has reached."""

START: Final = "+"
"""Option that starts the next operation instead of continuing a task."""


class Decider(Protocol):
    """Makes every decision of a run."""

    def fault(self, at: At, point: Point) -> Fault | None:
        """Return the fault at this point, None for no fault."""
        ...

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        """Return the option to continue with after `at`; `usual` is the default."""
        ...


@attrs.frozen
class Script:
    """Recorded decisions; everywhere else there is no fault, and the default option is chosen."""

    faults: Mapping[At, Fault] = attrs.field(factory=dict)
    switches: Mapping[At, str] = attrs.field(factory=dict)

    def fault(self, at: At, point: Point) -> Fault | None:
        fault = self.faults.get(at)
        return fault if fault is not None and fault in faults_at(point) else None

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        chosen = self.switches.get(at, usual)
        return chosen if chosen in options else usual


PEACE: Final = Script()
"""Decider without faults, which always chooses the default option."""


@attrs.define
class Chance:
    """Random decisions from a seed, which are recorded.

    On average one point in `faults_in` has a fault, and at one in `switches_in` another task continues.
    """

    random: Random
    faults_in: int
    switches_in: int
    is_quiet: bool = False
    """If true, there are no faults, and the default option is chosen."""
    faults: dict[At, Fault] = attrs.field(factory=dict)
    switches: dict[At, str] = attrs.field(factory=dict)

    def fault(self, at: At, point: Point) -> Fault | None:
        if self.is_quiet or not self.faults_in or self.random.randrange(self.faults_in):
            return None
        chosen = self.random.choice(faults_at(point))
        self.faults[at] = chosen
        return chosen

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        if self.is_quiet or not self.switches_in or self.random.randrange(self.switches_in):
            return usual
        chosen = self.random.choice(options)
        if chosen != usual:
            self.switches[at] = chosen
        return chosen


_script: type[Decider] = Script
_chance: type[Decider] = Chance
