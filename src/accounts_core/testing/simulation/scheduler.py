"""The scheduler: runs any number of tasks, one at a time, each from one await on a port to the next.

There is no event loop, no thread and no real time. A `Decider` chooses the next task and the faults, so the same
decisions give the same run.
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
"""Maximum number of steps, beyond which a run is assumed to loop forever."""


@attrs.frozen
class Step:
    """One line of a schedule."""

    time: datetime
    process: str
    task: str
    point: Point | None
    """None for a note, whose text is in `note`."""
    fault: Fault | None = None
    note: str = ""

    def __str__(self) -> str:
        what = self.note if self.point is None else self.point.name
        wrong = "" if self.fault is None else f"  <- {self.fault.said}"
        return f"{self.time:%m-%d %H:%M:%S}  {self.process:<10}  {self.task:<24}  {what}{wrong}"


class Starter:
    """Source of new tasks for the scheduler. This base class has none."""

    def is_ready(self, running: int) -> bool:
        """Return whether a task can be started while this many are running."""
        return False

    def start(self) -> str:
        """Start the next task, and return its name."""
        raise NotImplementedError


class Scheduler:
    """Runs the tasks of all processes. `steps` records the schedule."""

    def __init__(self, clock: WorldClock, decider: Decider = PEACE) -> None:
        self.clock = clock
        self.decider = decider
        self.kept_failures: set[str] = set()
        """Idempotency keys for which the provider replays a failure."""
        self.steps: list[Step] = []
        self.kills = 0
        self.ended: list[Task] = []
        """Tasks that have ended, with a result or an error."""
        self._tasks: list[Task] = []
        self._landings: list[Landing] = []
        self._stepping: Task | None = None
        self._last: At = ("", 0)

    # ---- processes, tasks and requests

    def process(self, name: str, *, off: timedelta = timedelta(0)) -> Process:
        """Start a process whose clock differs from the true time by `off`."""
        return Process(self, name, off)

    def add(self, task: Task) -> Task:
        """Add a task to run concurrently with the others."""
        self._tasks.append(task)
        return task

    @property
    def current(self) -> Task:
        """The task that is being run."""
        assert self._stepping is not None
        return self._stepping

    @property
    def running(self) -> int:
        """Number of tasks that have not ended."""
        return len(self._tasks)

    def bury(self, process: Process) -> None:
        """End every task of a crashed process."""
        self.kills += 1
        for task in [each for each in self._tasks if each.process is process and each is not self._stepping]:
            self._end(task, partial(task.coroutine.throw, Crash()))

    def land_later(self, point: Point, land: Callable[[], object]) -> None:
        """Delay a request until the scheduler chooses that it arrives."""
        self._landings.append(Landing(f"late:{self.current.name}.{self.current.crossed}", point, land))

    def land_all(self) -> None:
        """Let every delayed request arrive."""
        while self._landings:
            self._land(self._landings[0])

    def note(self, process: str, task: str, what: str) -> None:
        """Add a note to the schedule."""
        self.steps.append(Step(self.clock.now(), process, task, None, note=what))

    # ---- running

    def run(self, starter: Starter | None = None) -> None:
        """Run until every task has ended, every request has arrived, and the starter has no more tasks."""
        starter = starter or Starter()
        last: Task | None = None
        for _ in range(MOST_STEPS):
            can_start = starter.is_ready(len(self._tasks))
            if len(self._tasks) == 1 and not self._landings and not can_start:
                last = self._tasks[0]  # the only option
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
        raise AssertionError(f"The run did not end within {MOST_STEPS} steps.")

    def alone(self, task: Task) -> None:
        """Run one task to its end at once, without other tasks or faults."""
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
        """Continue a task to its next point, or to its end."""
        try:
            crossing = go_on()
        except StopIteration as stop:
            task.outcome = stop.value
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  stored as the outcome of the task
            task.error = error
        else:
            if isinstance(crossing, Crossing):
                task.at = crossing.point
                task.crossed += 1
                return
            task.error = Suspended(f"{task.name} awaited {crossing!r}: in a simulation only watched ports are awaited.")
            task.coroutine.close()
        task.at = None
        task.crossed += 1  # a decision is made at the end of a task, too
        if task in self._tasks:
            self._tasks.remove(task)
            self.ended.append(task)

    def _land(self, landing: Landing) -> None:
        self._landings.remove(landing)
        self.steps.append(Step(self.clock.now(), "", landing.name, landing.point, note="arrives"))
        landing.land()
