"""Simulated processes and their tasks."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from accounts_core.sync import run_sync

from .clock import ProcessClock
from .faults import Crash, Fault, Point

if TYPE_CHECKING:
    from .scheduler import Scheduler

R = TypeVar("R")

RUNNING: Final = object()
"""Outcome of a task that has not ended."""


class Crossing:
    """Value that a task yields to the scheduler before an await on a port; it receives the fault, if any."""

    __slots__ = ("point",)

    def __init__(self, point: Point) -> None:
        self.point = point

    def __await__(self) -> Generator["Crossing", Fault | None, Fault | None]:
        return (yield self)


@attrs.define(eq=False)
class Task:
    """One coroutine of a process, suspended before an await on a port."""

    name: str
    process: "Process"
    coroutine: Coroutine[Any, Any, Any]
    crossed: int = 0
    """Number of points reached so far, including the one that the task is suspended at."""
    at: Point | None = None
    units: int = 0
    """Number of open units of work."""
    commits: int = 0
    """Number of commits reached so far."""
    outcome: Any = RUNNING
    error: BaseException | None = None

    @property
    def is_running(self) -> bool:
        return self.outcome is RUNNING and self.error is None

    def result(self) -> Any:
        """Return the result of the coroutine, or raise its error."""
        if self.error is not None:
            raise self.error
        assert self.outcome is not RUNNING, f"{self.name} has not ended."
        return self.outcome


@attrs.frozen(eq=False)
class Landing:
    """A request that arrives after its caller has stopped waiting for it."""

    name: str
    point: Point
    land: Callable[[], object]


class Process:
    """One process on one machine. A crash loses its memory and keeps its effects at ports.

    `watched` and `watched_store` wrap the ports that it uses.
    """

    def __init__(self, scheduler: "Scheduler", name: str, off: timedelta) -> None:
        self.scheduler = scheduler
        self.name = name
        self.clock = ProcessClock(scheduler.clock, off)
        self.is_dead = False

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, Any]) -> Task:
        """Schedule a coroutine in this process, under its name in the schedule."""
        return self.scheduler.add(Task(name, self, coroutine))

    def call(self, coroutine: Coroutine[Any, Any, R], name: str = "call") -> R:
        """Run a coroutine to its end at once, without other tasks or faults; return its result or raise its error."""
        task = Task(name, self, coroutine)
        self.scheduler.alone(task)
        return cast("R", task.result())

    def kill(self) -> None:
        """Kill the process with all of its tasks."""
        self.is_dead = True
        self.scheduler.bury(self)

    async def through(
        self,
        point: Point,
        effect: Callable[[], Awaitable[R]],
        *,
        undo: Callable[[BaseException], object] | None = None,
        key: str | None = None,
    ) -> R:
        """Perform the effect of a call, subject to the fault that the scheduler chooses.

        Args:
            point: The await on the port.
            effect: Performs the call.
            undo: Called with the error if the effect has not happened and will not happen.
            key: Idempotency key of the call, under which a provider may keep a failure.

        Returns:
            The result of the effect.

        Raises:
            BaseException: The error of the fault, or of the effect.

        """
        fault = None
        try:
            self.check()
            fault = await Crossing(point)
            self.check()  # another task may have crashed the process meanwhile
        except BaseException as error:
            if undo is not None:
                undo(error)
            raise
        if fault is None:
            return await effect()
        try:
            return await self._struck(point, fault, effect, undo)
        finally:
            if fault.is_kept and key is not None:
                self.scheduler.kept_failures.add(key)

    async def _struck(
        self,
        point: Point,
        fault: Fault,
        effect: Callable[[], Awaitable[R]],
        undo: Callable[[BaseException], object] | None,
    ) -> R:
        error = fault.error(point.port)
        if fault.is_done:
            outcome = await effect()
            if fault is Fault.REPEATED:
                return await effect()
            del outcome
        elif fault is Fault.LATE:
            self.scheduler.land_later(point, lambda: run_sync(_quietly(effect)))
        elif undo is not None:
            undo(error)
        if fault.kills:
            self.is_dead = True
        raise error

    def check(self) -> None:
        """Check that the process is alive.

        Raises:
            Crash: The process has crashed.

        """
        if self.is_dead:
            raise Crash


async def _quietly(effect: Callable[[], Awaitable[object]]) -> None:
    with suppress(Exception):  # the caller no longer waits for the outcome
        await effect()
