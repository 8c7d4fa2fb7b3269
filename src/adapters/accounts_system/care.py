"""What a worker does besides jobs: repairs of times, cleanup, and the alarm for overdue jobs."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from accounts_core.results import OverdueJobs, TimesRepairResult, WorkerRun

logger: Final = logging.getLogger("accounts_system")

REPAIR_EVERY_SECONDS: Final = 60.0
"""How often times that a wrong clock has written, and overdue jobs, are looked for, by the monotonic clock."""
JUMP_SECONDS: Final = 30.0
"""When the machine's clock has moved by so much against the monotonic one, they are looked for at once."""
TIDY_EVERY_SECONDS: Final = 24 * 3600.0
"""How often the cleanup runs, by the monotonic clock."""
REPEAT_ALARM_SECONDS: Final = 3600.0
"""How long an alarm for the same topic is not repeated."""


class CaredFor(Protocol):
    """The methods of `Accounts` that are used here."""

    @property
    def repair_times(self) -> Callable[[], Awaitable[TimesRepairResult]]: ...
    @property
    def run_cleanup(self) -> Callable[[], Awaitable[object]]: ...
    @property
    def list_overdue_jobs(self) -> Callable[[], Awaitable[Sequence[OverdueJobs]]]: ...


class Care:
    """Takes a step of care whenever `step` is called and one is due."""

    def __init__(
        self,
        accounts: CaredFor,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts = accounts
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._repair_at = self._tidy_at = 0.0
        self._offset = wall_clock() - monotonic()
        self._overdue = frozenset[str]()
        self._alarmed: dict[str, float] = {}

    async def step(self) -> WorkerRun:
        """Do what is due. Raises `InfrastructureError`."""
        now = self._monotonic()
        offset = self._wall_clock() - now  # a jump of the machine's clock is a change of this
        if now >= self._repair_at or abs(offset - self._offset) > JUMP_SECONDS:
            await self._repair()
            await self._alarm(now)
            self._repair_at, self._offset = now + REPAIR_EVERY_SECONDS, offset
        if now >= self._tidy_at:
            await self._accounts.run_cleanup()
            self._tidy_at = now + TIDY_EVERY_SECONDS
        return WorkerRun()

    async def _repair(self) -> None:
        repaired = await self._accounts.repair_times()
        if repaired.total:
            logger.warning(
                "The machine's clock was wrong. Times that it wrote were repaired: %d of jobs, %d of sessions, "
                "%d of mailed tokens.",
                repaired.jobs,
                repaired.sessions,
                repaired.mail_tokens,
            )

    async def _alarm(self, now: float) -> None:
        """Log the topics with overdue jobs, each once an hour, and those without any more.

        Only what was overdue the last time as well: a worker that starts has the jobs of its absence to do first.
        """
        overdue = {each.topic: each for each in await self._accounts.list_overdue_jobs()}
        for topic in sorted(self._alarmed.keys() - overdue.keys()):
            del self._alarmed[topic]
            logger.info("Jobs of the topic %s are done again.", topic)
        for topic, jobs in overdue.items():
            is_repeated = topic in self._alarmed and now < self._alarmed[topic] + REPEAT_ALARM_SECONDS
            if topic not in self._overdue or is_repeated:
                continue
            self._alarmed[topic] = now
            logger.error(
                "No worker does the jobs of the topic %s: %d are due, the oldest since %s.",
                topic,
                jobs.count,
                jobs.oldest_due.isoformat(timespec="seconds"),
            )
        self._overdue = frozenset(overdue)
