"""The worker: does what is in the outbox until it is told to stop, each kind of jobs in a lane of its own.

`accounts serve` has one; `accounts worker` runs more, on as many machines as wanted. A job is leased from the database,
so no two workers do the same one, and one that a worker died over is another's some minutes later. A mail server that
hangs holds up mails, some at a time, and neither money nor a host's jobs.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import FrameType
from typing import Any, Final

from accounts_cli.composition import describe, open_service
from accounts_cli.lanes import Lane
from accounts_cli.logs import log_to_stderr
from accounts_cli.settings import Settings
from accounts_cli.streams import announce, say
from accounts_core import Accounts
from accounts_core.model.outbox import JobKind
from accounts_core.results import Ran

logger: Final = logging.getLogger("accounts_cli")

IDLE_SECONDS: Final = 1.0
"""How long to wait when nothing is due."""
REPAIR_EVERY_SECONDS: Final = 60.0
"""How often times that a wrong clock has written are looked for, by the monotonic clock."""
JUMP_SECONDS: Final = 30.0
"""When the machine's clock has moved by so much against the monotonic one, they are looked for at once."""
TIDY_EVERY_SECONDS: Final = 24 * 3600.0
"""How often what has had its time is forgotten, by the monotonic clock."""
AT_ONCE: Final[Mapping[JobKind, int]] = {JobKind.PROVIDER: 1, JobKind.MAIL: 4, JobKind.HOST: 1}
"""How many jobs of each kind are done at the same time."""


class Worker:
    """Runs jobs until `stop`. Belongs to one event loop."""

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
        self._care = Lane("cleanup", self._clean_up, idle_seconds=idle_seconds)
        self._repair_at = self._tidy_at = 0.0
        self._offset = _offset_seconds()

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

    async def run_once(self) -> Ran:
        """Do what is due, and say what became of it. Raises `WorldError`, once every lane has come to its end."""
        await self._accounts.tidy()
        total, errors = Ran(), list[BaseException]()
        for ended in await asyncio.gather(*(lane.run_out() for lane in self._lanes), return_exceptions=True):
            if isinstance(ended, Ran):
                total += ended
            else:
                errors.append(ended)
        if errors:
            raise errors[0]
        return total

    async def _clean_up(self) -> Ran:
        now, offset = asyncio.get_running_loop().time(), _offset_seconds()
        if now >= self._repair_at or abs(offset - self._offset) > JUMP_SECONDS:
            repaired = await self._accounts.repair_times()
            if repaired.total:
                logger.warning(
                    "The machine's clock was wrong. Times that it wrote were repaired: %d of jobs, %d of sessions, "
                    "%d of mailed tokens.",
                    repaired.jobs,
                    repaired.sessions,
                    repaired.mail_tokens,
                )
            self._repair_at, self._offset = now + REPAIR_EVERY_SECONDS, offset
        if now >= self._tidy_at:
            await self._accounts.tidy()
            self._tidy_at = now + TIDY_EVERY_SECONDS
        return Ran()


def _offset_seconds() -> float:
    """Return how far the machine's clock is from the monotonic one; a jump of it is a change of this."""
    return time.time() - time.monotonic()


async def run_worker(settings: Settings, *, once: bool) -> None:
    """Run `accounts worker`. SIGTERM and SIGINT let it finish the jobs in hand; a second one ends it at once."""
    log_to_stderr(settings.secrets())
    async with open_service(settings) as service:
        worker = Worker(service.accounts)
        with _stopped_by_signals(worker):
            if once:
                ran = await worker.run_once()
                say(f"Done: {ran.done}. Put off: {ran.put_off}. Parked: {ran.parked}.")
                return
            for line in describe(settings):
                announce(line)
            announce("Working.")
            await worker.run()
    announce("Stopped.")


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def stop(_: int, __: FrameType | None) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)  # the second time, what it was
        loop.call_soon_threadsafe(worker.stop)

    before.update({each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)})
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


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
