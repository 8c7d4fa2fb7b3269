"""The lanes of a worker: loops that know nothing of each other, so that none waits for what another one does."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from accounts_core.errors import AccountsError
from accounts_core.results import Ran

logger: Final = logging.getLogger("accounts_cli")

LONGEST_PAUSE_SECONDS: Final = 60.0
"""How long to wait at most when the database is away."""


class Lane:
    """Takes one step after another until `stop`. Belongs to one event loop.

    Args:
        name: What the log calls it.
        step: Does at most one job, and returns what became of it.
        idle_seconds: The pause when nothing is due, give or take a fifth: workers that started together part.
        at_once: How many steps are taken at the same time at most.

    """

    def __init__(self, name: str, step: Callable[[], Awaitable[Ran]], *, idle_seconds: float, at_once: int = 1) -> None:
        self.name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        self._is_stopping = False
        self._failures = 0
        self._is_troubled = False

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

    async def run_out(self) -> Ran:
        """Take steps until nothing is due, and return what became of them. Raises `WorldError`."""
        total = Ran()
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
                await self._pause(self._after_failure(error))
            else:
                self._note(ran)
                if not ran.total:
                    await self._pause(self._idle_seconds)

    def _after_failure(self, error: Exception) -> float:
        """Log it, an expected one only once in a row, and return how long to wait: twice as long each time."""
        self._failures += 1
        if not isinstance(error, AccountsError):
            logger.error("The worker (%s) failed; it goes on.", self.name, exc_info=error)
        elif self._failures == 1:
            logger.warning("The worker (%s) waits: %s", self.name, str(error) or type(error).__name__)
        return min(self._idle_seconds * 2.0 ** min(self._failures, 30), LONGEST_PAUSE_SECONDS)

    def _note(self, ran: Ran) -> None:
        if self._failures:
            self._failures = 0
            logger.info("The worker (%s) goes on.", self.name)
        if ran.parked:
            logger.error("A job (%s) was parked: `accounts outbox list` shows it.", self.name)
        if ran.put_off and not self._is_troubled:
            self._is_troubled = True
            logger.warning("A job (%s) failed and is put off: `accounts outbox list` shows why.", self.name)
        if ran.done and self._is_troubled:
            self._is_troubled = False
            logger.info("Jobs (%s) succeed again.", self.name)

    async def _pause(self, seconds: float) -> None:
        """Wait, one of this lane's loops after another: while nothing is due, they look as often as one would."""
        async with self._looking:
            if self._is_stopping:
                return
            try:
                await asyncio.wait_for(self._woken.wait(), seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret
            except TimeoutError:
                return
