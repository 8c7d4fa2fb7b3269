"""Workers that do the jobs of the outbox until they are told to stop, each kind of jobs on its own.

`Worker` runs on an event loop, `BlockingWorker` on threads. An application runs one beside its requests, or in
processes of its own, on as many machines as wanted: a job is leased from the database, so no two workers do the same
one, and one that a worker died over is another's some minutes later. A worker claims only jobs that its accounts have
a handler for. A mail server that hangs holds up mails, some at a time, and neither money nor the application's jobs.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from accounts_core import Accounts
from accounts_core.model.jobs import JobKind
from accounts_core.results import WorkerRun
from accounts_system.care import Care
from accounts_system.lanes import Lane

logger: Final = logging.getLogger("accounts_system")

IDLE_SECONDS: Final = 1.0
"""How long to wait when nothing is due."""
AT_ONCE: Final[Mapping[JobKind, int]] = {JobKind.PROVIDER: 1, JobKind.MAIL: 4, JobKind.HOST: 1}
"""How many jobs of each kind are done at the same time."""


class Worker:
    """Does jobs on an event loop until `stop`.

    Args:
        accounts: What does the jobs. Its `job_handlers` are the application's own; topics of others are not claimed.
        idle_seconds: How long to wait when nothing is due.
        at_once: How many jobs of each kind are done at the same time. A kind that is missing is not done here.

    """

    def __init__(
        self, accounts: Accounts[Any], *, idle_seconds: float = IDLE_SECONDS, at_once: Mapping[JobKind, int] = AT_ONCE
    ) -> None:
        self._accounts = accounts
        self._lanes = [
            Lane(
                kind.value,
                # one job each time, so that a worker that is told to stop has no others to finish
                partial(accounts.run_due, limit=1, kinds=frozenset({kind})),
                idle_seconds=idle_seconds,
                at_once=count,
            )
            for kind, count in at_once.items()
        ]
        self._care = Lane("cleanup", Care(accounts).step, idle_seconds=idle_seconds)

    def wake(self) -> None:
        """Look for work now."""
        for lane in self._lanes:
            lane.wake()

    def stop(self) -> None:
        """Finish the jobs in hand, and take no other."""
        for lane in (*self._lanes, self._care):
            lane.stop()

    async def run(self) -> None:
        """Work until `stop`, every lane for itself. Nothing that goes wrong ends it."""
        async with asyncio.TaskGroup() as group:
            for lane in (*self._lanes, self._care):
                group.create_task(lane.run())

    async def run_once(self) -> WorkerRun:
        """Do what is due, and say what became of it.

        Raises `InfrastructureError`, once every lane has come to its end.
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
    """Run a worker in a task of its own. At the end it is stopped, waited for, and cut off when the time is up.

    What it was doing then is done again by another, once the lease is over.
    """
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await asyncio.wait({task}, timeout=limit_seconds())
        if not task.done():
            task.cancel()
            logger.warning("The worker was stopped in the middle of its jobs, which are done again later.")
            await asyncio.wait({task})
