"""Workers that run the jobs of the outbox until they are stopped, with a lane for each kind of job.

`Worker` runs on an event loop, `BlockingWorker` on threads. An application may run one beside its requests or in
separate processes, on any number of machines. A job is leased from the database, so no two workers run it at the same
time, and another worker runs it some minutes after a crash. A worker claims only jobs with a handler. An unresponsive
mail server delays only mails, not jobs of the payment provider or the application.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

from accounts_core import Accounts
from accounts_core.model.jobs import JobKind
from accounts_core.results import WorkerRun
from accounts_system.care import Care
from accounts_system.lanes import Lane

logger: Final = logging.getLogger("accounts_system")

IDLE_SECONDS: Final = 1.0
"""Pause when no job is due."""
AT_ONCE: Final[Mapping[JobKind, int]] = {JobKind.PROVIDER: 1, JobKind.MAIL: 4, JobKind.HOST: 1}
"""Number of concurrent jobs for each kind."""


RESTART_SECONDS: Final = 1.0
"""Pause before a worker that failed is started again."""


class Worker:
    """Worker that runs jobs on an event loop until `stop`.

    Args:
        accounts: Facade that runs the jobs. Topics without a handler are not claimed.
        idle_seconds: Pause when no job is due.
        at_once: Number of concurrent jobs for each kind. A missing kind is not run here.

    """

    def __init__(
        self, accounts: Accounts[Any], *, idle_seconds: float = IDLE_SECONDS, at_once: Mapping[JobKind, int] = AT_ONCE
    ) -> None:
        self._accounts = accounts
        self._lanes = [
            Lane(
                kind.value,
                # one job each time, so that `stop` has no claimed jobs to wait for
                partial(accounts.run_due, limit=1, kinds=frozenset({kind})),
                idle_seconds=idle_seconds,
                at_once=count,
            )
            for kind, count in at_once.items()
        ]
        self._care = Lane("cleanup", Care(accounts).step, idle_seconds=idle_seconds)
        self._is_stopping = False

    def wake(self) -> None:
        """Look for due jobs now."""
        for lane in self._lanes:
            lane.wake()

    def stop(self) -> None:
        """Finish the jobs in progress, and claim no others."""
        self._is_stopping = True
        for lane in (*self._lanes, self._care):
            lane.stop()

    async def run(self) -> None:
        """Run jobs until `stop`, each lane independently. No error ends it. It can be run again afterwards.

        Raises `RuntimeError` if its tasks were cancelled one by one.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for lane in (*self._lanes, self._care):
                    group.create_task(lane.run())
            if not self._is_stopping:
                raise RuntimeError("Somebody cancelled the tasks of the worker.")
        finally:
            self._is_stopping = False

    async def run_once(self) -> WorkerRun:
        """Run the due jobs and return the result.

        Raises `InfrastructureError` after every lane has finished.
        """
        await self._accounts.run_cleanup()
        total, errors = WorkerRun(), list[BaseException]()
        for ended in await asyncio.gather(*(lane.run_out() for lane in self._lanes), return_exceptions=True):
            if isinstance(ended, WorkerRun):
                total += ended
            else:
                errors.append(ended)
        if errors:
            raise errors[0]
        return total


@asynccontextmanager
async def working(worker: Worker, *, limit_seconds: Callable[[], float]) -> AsyncIterator[None]:
    """Run a worker in a task during the `with` block, then stop it, and cancel it after the time limit.

    Cancelled jobs run again after their lease expires. A worker that ends before the block does is logged as an error
    and started again.
    """
    ends = asyncio.Event()
    task = asyncio.create_task(_keep_running(worker, ends))
    try:
        yield
    finally:
        ends.set()
        worker.stop()
        await asyncio.wait({task}, timeout=limit_seconds())
        if not task.done():
            task.cancel()
            logger.warning("The worker was stopped in the middle of its jobs, which are done again later.")
            await asyncio.wait({task})


async def _keep_running(worker: Worker, ends: asyncio.Event) -> None:
    """Run a worker until `stop`, or until `ends` is set after it failed."""
    while not ends.is_set():
        try:
            await worker.run()
        except Exception:
            logger.exception("The worker failed. It is started again in %g s.", RESTART_SECONDS)
        else:
            return  # after `stop`
        with suppress(TimeoutError):
            await asyncio.wait_for(ends.wait(), RESTART_SECONDS)
