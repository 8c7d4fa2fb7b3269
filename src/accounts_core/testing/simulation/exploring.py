"""Finding every await of a task, and having everything go wrong at each of them, one at a time.

A `stage` builds a world that is the same each time, starts the task in it that is to be broken, and returns the world.
A clean run finds the points that the task comes to. Then it is staged again for every point and every fault.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

import attrs

from .clock import WorldClock
from .decisions import PEACE, At, Decider, Script
from .faults import Fault, Point, faults_at
from .processes import Task
from .scheduler import Scheduler

W = TypeVar("W")

Stage: TypeAlias = Callable[[Scheduler], tuple[W, Task]]
"""Builds a world on a scheduler, and spawns the task that is to be broken; returns both."""


@attrs.frozen
class ExploredRun(Generic[W]):
    """A run: `how` it was broken, the world that it left, and the task that was broken."""

    how: str
    world: W
    task: Task
    decider: Decider


@attrs.define
class Recording:
    """Takes no decision but notes the points of one task, in order."""

    task: str
    points: list[Point] = attrs.field(factory=list)

    def fault(self, at: At, point: Point) -> Fault | None:
        if at[0] == self.task:
            self.points.append(point)
        return None

    def next(self, at: At, options: Sequence[str], usual: str) -> str:
        return usual


@attrs.frozen
class Explorer(Generic[W]):
    """Stages the same thing again and again."""

    clock: Callable[[], WorldClock]
    stage: Stage[W]
    task: str
    """The name of the task that is broken."""

    def run(self, how: str, decider: Decider = PEACE) -> ExploredRun[W]:
        """Stage it and go on until everything has ended."""
        scheduler = Scheduler(self.clock(), decider)
        world, task = self.stage(scheduler)
        scheduler.run()
        return ExploredRun(how, world, task, decider)

    def points(self) -> list[Point]:
        """Run it clean, and return the points that the task comes to."""
        recording = Recording(self.task)
        self.run("clean", recording)
        return recording.points

    def breakages(
        self, points: Iterable[Point], faults: Callable[[Point], Iterable[Fault]] = faults_at
    ) -> Iterator[tuple[str, Script]]:
        """Yield every fault at every point, in words and as a script; what comes late comes at two moments."""
        for number, point in enumerate(points, start=1):
            for fault in faults(point):
                struck = {(self.task, number): fault}
                how = f"{point.name} (#{number}), {fault.said}"
                yield how, Script(struck)
                if fault is Fault.LATE:
                    early = {(self.task, number + 1): f"late:{self.task}.{number}"}
                    yield f"{how}, before anything else is", Script(struck, early)

    def overtakings(
        self, points: Iterable[Point], rival: str, where: Callable[[Point], bool] = lambda point: True
    ) -> Iterator[tuple[str, Script]]:
        """Yield every point at which the task named `rival` may come between and run to its end."""
        for number, point in enumerate(points, start=1):
            if where(point):
                yield f"{point.name} (#{number}), {rival} comes between", Script({}, {(self.task, number): rival})
