"""Exhaustive fault injection: every fault at every await of a task, one at a time.

A `stage` builds the same world each time and starts the task under test in it. A run without faults records the points
of the task. Then the stage is run again for every point and every fault.
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
"""Builds a world on a scheduler, and spawns the task under test; returns both."""


@attrs.frozen
class ExploredRun(Generic[W]):
    """Result of a run: `how` describes the fault, followed by the world and the task afterwards."""

    how: str
    world: W
    task: Task
    decider: Decider


@attrs.define
class Recording:
    """Decider without faults that records the points of one task, in order."""

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
    """Runs a stage once for each fault."""

    clock: Callable[[], WorldClock]
    stage: Stage[W]
    task: str
    """Name of the task under test."""

    def run(self, how: str, decider: Decider = PEACE) -> ExploredRun[W]:
        """Run the stage until every task has ended."""
        scheduler = Scheduler(self.clock(), decider)
        world, task = self.stage(scheduler)
        scheduler.run()
        return ExploredRun(how, world, task, decider)

    def points(self) -> list[Point]:
        """Run the stage without faults, and return the points of the task."""
        recording = Recording(self.task)
        self.run("clean", recording)
        return recording.points

    def breakages(
        self, points: Iterable[Point], faults: Callable[[Point], Iterable[Fault]] = faults_at
    ) -> Iterator[tuple[str, Script]]:
        """Yield every fault at every point, as a description and a script; `LATE` is tried at two times."""
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
        """Yield every point at which the task named `rival` can interrupt and run to its end."""
        for number, point in enumerate(points, start=1):
            if where(point):
                yield f"{point.name} (#{number}), {rival} comes between", Script({}, {(self.task, number): rival})
