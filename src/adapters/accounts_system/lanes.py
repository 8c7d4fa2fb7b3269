"""The lanes of an asynchronous worker: loops that know nothing of each other, so none waits for another's work."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from accounts_core.results import WorkerRun
from accounts_system.reports import LaneReport


class Lane:
    """Takes one step after another until `stop`. Belongs to one event loop.

    Args:
        name: What the log calls it.
        step: Does at most one job, and returns what became of it.
        idle_seconds: The pause when nothing is due, give or take a fifth: workers that started together part.
        at_once: How many steps are taken at the same time at most.

    """

    def __init__(
        self, name: str, step: Callable[[], Awaitable[WorkerRun]], *, idle_seconds: float, at_once: int = 1
    ) -> None:
        self.name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        self._is_stopping = False
        self._report = LaneReport(name, idle_seconds=idle_seconds)

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the steps that are being taken, and take no other."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`. Nothing that goes wrong ends it: it is logged, and tried again after a while."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._go())

    async def run_out(self) -> WorkerRun:
        """Take steps until nothing is due, and return what became of them. Raises `InfrastructureError`."""
        total = WorkerRun()
        while not self._is_stopping:
            ran = await self._step()
            if not ran.total:
                break
            total += ran
        return total

    async def _go(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                ran = await self._step()
            except Exception as error:  # noqa: BLE001  without it nothing would let go of what is held
                await self._pause(self._report.failed(error))
            else:
                self._report.ran(ran)
                if not ran.total:
                    await self._pause(self._idle_seconds)

    async def _pause(self, seconds: float) -> None:
        """Wait, one of this lane's loops after another: while nothing is due, they look as often as one would."""
        async with self._looking:
            if self._is_stopping:
                return
            try:
                await asyncio.wait_for(self._woken.wait(), seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret
            except TimeoutError:
                return
