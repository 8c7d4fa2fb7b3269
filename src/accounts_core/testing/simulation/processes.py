"""Processes, which come and go, and the tasks in them."""

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
"""The outcome of a task that has not ended."""


class Crossing:
    """What a task yields to the scheduler: it stands before an await on a port, and is told what happens there."""

    __slots__ = ("point",)

    def __init__(self, point: Point) -> None:
        self.point = point

    def __await__(self) -> Generator["Crossing", Fault | None, Fault | None]:
        return (yield self)


@attrs.define(eq=False)
class Task:
    """One coroutine of a process, on its way from one await on a port to the next."""

    name: str
    process: "Process"
    coroutine: Coroutine[Any, Any, Any]
    crossed: int = 0
    """How many points it has come to so far; the last one is the one it stands before."""
    at: Point | None = None
    units: int = 0
    """How many units of work it has open."""
    commits: int = 0
    """How many commits it has come to."""
    outcome: Any = RUNNING
    error: BaseException | None = None

    @property
    def is_running(self) -> bool:
        return self.outcome is RUNNING and self.error is None

    def result(self) -> Any:
        """Return what it returned. Raises what it raised."""
        if self.error is not None:
            raise self.error
        assert self.outcome is not RUNNING, f"{self.name} has not ended."
        return self.outcome


@attrs.frozen(eq=False)
class Landing:
    """A request that its caller has given up on, and that is still on its way."""

    name: str
    point: Point
    land: Callable[[], object]


class Process:
    """One process on one machine. What it has in memory is gone with it; what it did at a port stays.

    `watched` and `watched_store` give it its ports.
    """

    def __init__(self, scheduler: "Scheduler", name: str, off: timedelta) -> None:
        self.scheduler = scheduler
        self.name = name
        self.clock = ProcessClock(scheduler.clock, off)
        self.is_dead = False

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, Any]) -> Task:
        """Have the scheduler run a coroutine in this process. The name is what a schedule calls it."""
        return self.scheduler.add(Task(name, self, coroutine))

    def call(self, coroutine: Coroutine[Any, Any, R], name: str = "call") -> R:
        """Run a coroutine to its end now, alone and in peace, and return its result. Raises what it raises."""
        task = Task(name, self, coroutine)
        self.scheduler.alone(task)
        return cast("R", task.result())

    def kill(self) -> None:
        """End the process at once, with every task in it."""
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
        """Do what stands behind a point, unless the scheduler has something else happen there.

        `undo` is called with the error where the effect is not done and will not be; `key` is the call's own, for which
        a provider may keep a failure.
        """
        fault = None
        try:
            self.check()
            fault = await Crossing(point)
            self.check()  # it may have been killed meanwhile, by another task's crash
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
        """Raises `Crash` in a process that is gone."""
        if self.is_dead:
            raise Crash


async def _quietly(effect: Callable[[], Awaitable[object]]) -> None:
    with suppress(Exception):  # nobody hears how it ended
        await effect()
