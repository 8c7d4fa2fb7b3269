"""The worker: does what is in the outbox, one job after another, until it is told to stop.

`accounts serve` has one; `accounts worker` runs more, on as many machines as wanted. A job is leased from the database,
so no two workers do the same one, and one that a worker died over is another's some minutes later.
"""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any, Final

from accounts_cli.composition import describe, open_service
from accounts_cli.logs import log_to_stderr
from accounts_cli.settings import Settings
from accounts_cli.terminal import say
from accounts_core.accounts import Accounts
from accounts_core.errors import AccountsError
from accounts_core.use_cases.outbox import Ran

logger: Final = logging.getLogger("accounts_cli")

IDLE_SECONDS: Final = 1.0
"""How long to wait when nothing is due."""
LONGEST_PAUSE_SECONDS: Final = 60.0
"""How long to wait at most when the database is away."""
FORGET_EVERY: Final = timedelta(days=1)
"""How often what has had its time is forgotten."""


class Worker:
    """Runs jobs until `stop`. Belongs to one event loop.

    `idle_seconds` is the pause when nothing is due, give or take a fifth: workers that started together part.
    """

    def __init__(self, accounts: Accounts[Any], *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._accounts = accounts
        self._idle_seconds = idle_seconds
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._failures = 0
        self._is_troubled = False
        self._forget_at = 0.0

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the job in hand, and take no other."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`. Nothing that goes wrong ends it: it is logged, and tried again after a while."""
        while not self._is_stopping:
            self._woken.clear()
            try:
                await self._forget()
                ran = await self._accounts.run_due(limit=1)
            except Exception as error:  # noqa: BLE001  without it nothing would let go of what is held
                await self._pause(self._after_failure(error))
            else:
                self._note(ran)
                if not ran.total:
                    await self._pause(self._idle_seconds)

    async def run_once(self) -> Ran:
        """Do what is due, and say what became of it. Raises `WorldError`."""
        await self._accounts.tidy()
        total = Ran()
        while not self._is_stopping:
            ran = await self._accounts.run_due(limit=1)
            if not ran.total:
                break
            total = Ran(
                done=total.done + ran.done, put_off=total.put_off + ran.put_off, parked=total.parked + ran.parked
            )
        return total

    async def _forget(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at:
            await self._accounts.tidy()
            self._forget_at = now + FORGET_EVERY.total_seconds()

    def _after_failure(self, error: Exception) -> float:
        """Log it, an expected one only once in a row, and return how long to wait: twice as long each time."""
        self._failures += 1
        if not isinstance(error, AccountsError):
            logger.error("The worker failed; it goes on.", exc_info=error)
        elif self._failures == 1:
            logger.warning("The worker waits: %s", str(error) or type(error).__name__)
        return min(self._idle_seconds * 2.0 ** min(self._failures, 30), LONGEST_PAUSE_SECONDS)

    def _note(self, ran: Ran) -> None:
        if self._failures:
            self._failures = 0
            logger.info("The worker goes on.")
        if ran.parked:
            logger.error("A job was parked: `accounts outbox list` shows it.")
        if ran.put_off and not self._is_troubled:
            self._is_troubled = True
            logger.warning("A job failed and is put off: `accounts outbox list` shows why.")
        if ran.done and self._is_troubled:
            self._is_troubled = False
            logger.info("Jobs succeed again.")

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret
        except TimeoutError:
            return


async def run_worker(settings: Settings, *, once: bool) -> None:
    """Run `accounts worker`. SIGTERM and SIGINT let it finish the job in hand; a second one ends it at once."""
    log_to_stderr(settings.secrets())
    async with open_service(settings) as service:
        worker = Worker(service.accounts)
        with _stopped_by_signals(worker):
            if once:
                ran = await worker.run_once()
                say(f"Done: {ran.done}. Put off: {ran.put_off}. Parked: {ran.parked}.")
                return
            for line in describe(settings):
                say(line)
            say("Working.")
            await worker.run()
    say("Stopped.")


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
            logger.warning("The worker was stopped in the middle of a job, which is done again later.")
            await asyncio.wait({task})
