"""The scheduler: runs any number of tasks, one at a time, each from one await on a port to the next.

There is no event loop, no thread and no real time. Who goes on, and what goes wrong, a `Decider` says; so a run is the
same again whenever the same is decided.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import attrs

from accounts_core.errors import Suspended

from .clock import WorldClock
from .decisions import PEACE, START, At, Decider
from .faults import Crash, Fault, Point
from .processes import Crossing, Landing, Process, Task

MOST_STEPS: Final = 1_000_000
"""More than any run takes: one that does goes round in circles."""


@attrs.frozen
class Step:
    """One line of a schedule."""

    time: datetime
    process: str
    task: str
    point: Point | None
    """None for what is said beside the points, in `note`."""
    fault: Fault | None = None
    note: str = ""

    def __str__(self) -> str:
        what = self.note if self.point is None else self.point.name
        wrong = "" if self.fault is None else f"  <- {self.fault.said}"
        return f"{self.time:%m-%d %H:%M:%S}  {self.process:<10}  {self.task:<24}  {what}{wrong}"


class Starter:
    """Starts what comes next, whenever the scheduler has it go on. This one has nothing to start."""

    def is_ready(self, running: int) -> bool:
        """Say whether something can start while so many tasks are running."""
        return False

    def start(self) -> str:
        """Start it, and return its name."""
        raise NotImplementedError


class Scheduler:
    """Runs the tasks of all processes. `steps` is what happened, in order."""

    def __init__(self, clock: WorldClock, decider: Decider = PEACE) -> None:
        self.clock = clock
        self.decider = decider
        self.kept_failures: set[str] = set()
        """The keys for which the provider keeps a failure as their answer."""
        self.steps: list[Step] = []
        self.kills = 0
        self.ended: list[Task] = []
        """The tasks that came to their end, one way or another."""
        self._tasks: list[Task] = []
        self._landings: list[Landing] = []
        self._stepping: Task | None = None
        self._last: At = ("", 0)

    # ---- who is there

    def process(self, name: str, *, off: timedelta = timedelta(0)) -> Process:
        """Start a process, on a machine whose clock is `off` by some time."""
        return Process(self, name, off)

    def add(self, task: Task) -> Task:
        """Have a task run with the others."""
        self._tasks.append(task)
        return task

    @property
    def current(self) -> Task:
        """The task that is going on right now."""
        assert self._stepping is not None
        return self._stepping

    @property
    def running(self) -> int:
        """How many tasks have not ended."""
        return len(self._tasks)

    def bury(self, process: Process) -> None:
        """End every task of a process that is gone."""
        self.kills += 1
        for task in [each for each in self._tasks if each.process is process and each is not self._stepping]:
            self._end(task, partial(task.coroutine.throw, Crash()))

    def land_later(self, point: Point, land: Callable[[], object]) -> None:
        """Let a request be on its way until the scheduler has it arrive."""
        self._landings.append(Landing(f"late:{self.current.name}.{self.current.crossed}", point, land))

    def land_all(self) -> None:
        """Let everything arrive that is on its way."""
        while self._landings:
            self._land(self._landings[0])

    def note(self, process: str, task: str, what: str) -> None:
        """Write something into the schedule that is no point."""
        self.steps.append(Step(self.clock.now(), process, task, None, note=what))

    # ---- going on

    def run(self, starter: Starter | None = None) -> None:
        """Go on until every task has ended, everything has arrived, and the starter has nothing more to start."""
        starter = starter or Starter()
        last: Task | None = None
        for _ in range(MOST_STEPS):
            can_start = starter.is_ready(len(self._tasks))
            if len(self._tasks) == 1 and not self._landings and not can_start:
                last = self._tasks[0]  # nobody else could go on
                self._advance(last)
                continue
            options = [task.name for task in self._tasks] + [landing.name for landing in self._landings]
            if can_start:
                options.append(START)
            if not options:
                return
            usual = last.name if last is not None and last.is_running else options[0]
            chosen = usual if len(options) == 1 else self.decider.next(self._last, options, usual)
            last = self._go(chosen, starter)
        raise AssertionError(f"After {MOST_STEPS} steps it has not come to an end.")

    def alone(self, task: Task) -> None:
        """Run one task to its end now, while all others stand still and nothing goes wrong."""
        before = self._stepping, self.decider
        self.decider = PEACE
        try:
            while task.is_running:
                self._step(task, is_counted=False)
        finally:
            self._stepping, self.decider = before

    def _go(self, chosen: str, starter: Starter) -> Task | None:
        for task in self._tasks:
            if task.name == chosen:
                self._advance(task)
                return task
        for landing in self._landings:
            if landing.name == chosen:
                self._last = (landing.name, 0)
                self._land(landing)
                return None
        self._last = (starter.start(), 0)
        return None

    def _advance(self, task: Task) -> None:
        self._step(task)
        self._last = (task.name, task.crossed)

    def _step(self, task: Task, *, is_counted: bool = True) -> None:
        fault = None
        if task.at is not None:
            fault = self.decider.fault((task.name, task.crossed), task.at)
            if is_counted:
                self.steps.append(Step(self.clock.now(), task.process.name, task.name, task.at, fault))
        self._stepping = task
        self._end(task, lambda: task.coroutine.send(fault))
        if is_counted:
            self._stepping = None
        if fault is not None and fault.kills:
            self.bury(task.process)

    def _end(self, task: Task, go_on: Callable[[], object]) -> None:
        """Go on with a task to its next point, or to its end."""
        try:
            crossing = go_on()
        except StopIteration as stop:
            task.outcome = stop.value
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  how it ended: whoever started it looks at it
            task.error = error
        else:
            if isinstance(crossing, Crossing):
                task.at = crossing.point
                task.crossed += 1
                return
            task.error = Suspended(f"{task.name} awaited {crossing!r}: in a simulation only watched ports are awaited.")
            task.coroutine.close()
        task.at = None
        task.crossed += 1  # its end is a place at which something is decided, too
        if task in self._tasks:
            self._tasks.remove(task)
            self.ended.append(task)

    def _land(self, landing: Landing) -> None:
        self._landings.remove(landing)
        self.steps.append(Step(self.clock.now(), "", landing.name, landing.point, note="arrives"))
        landing.land()
