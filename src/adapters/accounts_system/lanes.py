"""Lanes of an asynchronous worker: independent loops, so that none waits for another."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from accounts_core.results import WorkerRun
from accounts_system.reports import LaneReport


class Lane:
    """Loop that takes steps until `stop`. Belongs to one event loop for each run.

    Args:
        name: Name in the log.
        step: Runs at most one job and returns the result.
        idle_seconds: Pause when no job is due, with 20% jitter so that workers do not run in step.
        at_once: Maximum number of concurrent steps.

    """

    def __init__(
        self, name: str, step: Callable[[], Awaitable[WorkerRun]], *, idle_seconds: float, at_once: int = 1
    ) -> None:
        self.name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._at_once = at_once
        self._begin()
        self._report = LaneReport(name, idle_seconds=idle_seconds)

    def wake(self) -> None:
        """Look for due jobs now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the steps in progress, and begin no others."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Take steps until `stop`. Errors are logged and retried after a pause."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._at_once):
                    group.create_task(self._go())
        finally:
            self._begin()

    def _begin(self) -> None:
        """Be ready for a run, perhaps on another event loop."""
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        self._is_stopping = False

    async def run_out(self) -> WorkerRun:
        """Take steps until nothing is due, and return the result. Raises `InfrastructureError`."""
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
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # a job raised it, having awaited a task that was cancelled: this lane would end without a word
                await self._pause(self._report.failed(error))
            except Exception as error:  # noqa: BLE001  the worker is needed to release holds, so no error may end it
                await self._pause(self._report.failed(error))
            else:
                self._report.ran(ran)
                if not ran.total:
                    await self._pause(self._idle_seconds)

    async def _pause(self, seconds: float) -> None:
        """Wait, one loop of this lane at a time, so that an idle lane polls as often as a single loop."""
        async with self._looking:
            if self._is_stopping:
                return
            try:
                await asyncio.wait_for(self._woken.wait(), seconds * random.uniform(0.8, 1.2))  # noqa: S311  not a secret
            except TimeoutError:
                return
