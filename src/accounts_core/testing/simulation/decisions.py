"""What decides how a run goes on, wherever it could go on in more than one way.

A decision is named by where it was taken: at the n-th point that a task came to. So a script stays good when other
tasks, or other decisions, are left out of it: that is what makes it shrink.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, Protocol, TypeAlias

import attrs

from .faults import Fault, Point, faults_at

At: TypeAlias = tuple[str, int]
"""A task by its name, and how many points it had come to."""

START: Final = "+"
"""Stands among those who may go on for the start of something new."""


class Decider(Protocol):
    """Takes every decision of a run."""

    def fault(self, at: At, point: Point) -> Fault | None:
        """Say what goes wrong at this point, None for nothing."""
        ...

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        """Say who goes on, when the one who went last is `at`. `usual` is what it is when nobody decides."""
        ...


@attrs.frozen
class Script:
    """Decisions that were taken before; everything else goes the usual way, and nothing goes wrong."""

    faults: Mapping[At, Fault] = attrs.field(factory=dict)
    switches: Mapping[At, str] = attrs.field(factory=dict)

    def fault(self, at: At, point: Point) -> Fault | None:
        fault = self.faults.get(at)
        return fault if fault is not None and fault in faults_at(point) else None

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        chosen = self.switches.get(at, usual)
        return chosen if chosen in options else usual


PEACE: Final = Script()
"""Nothing goes wrong, and everybody waits for their turn."""


@attrs.define
class Chance:
    """Decides by chance, from a seed, and remembers what it decided.

    `faults_in` and `switches_in`: one point in so many has a fault, and is one at which somebody else goes on.
    """

    random: Random
    faults_in: int
    switches_in: int
    is_quiet: bool = False
    """While it is, nothing goes wrong, and everybody waits for their turn."""
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
