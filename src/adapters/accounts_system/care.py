"""Maintenance by a worker: repair of wrong times, cleanup, and the alarm for overdue jobs."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from accounts_core.results import OverdueJobs, TimesRepairResult, WorkerRun

logger: Final = logging.getLogger("accounts_system")

REPAIR_EVERY_SECONDS: Final = 60.0
"""Interval of the search for wrong times and overdue jobs, by the monotonic clock."""
JUMP_SECONDS: Final = 30.0
"""Change of the system clock against the monotonic one that triggers the search at once."""
CLEANUP_EVERY_SECONDS: Final = 24 * 3600.0
"""Interval of the cleanup, by the monotonic clock."""
REPEAT_ALARM_SECONDS: Final = 3600.0
"""Minimum interval between alarms for one topic."""


class CaredFor(Protocol):
    """Methods of `Accounts` that maintenance uses."""

    @property
    def repair_times(self) -> Callable[[], Awaitable[TimesRepairResult]]: ...
    @property
    def run_cleanup(self) -> Callable[[], Awaitable[object]]: ...
    @property
    def list_overdue_jobs(self) -> Callable[[], Awaitable[Sequence[OverdueJobs]]]: ...


class Care:
    """Scheduler of maintenance. Each call of `step` runs what is due."""

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
        self._repair_at = self._cleanup_at = 0.0
        self._offset = wall_clock() - monotonic()
        self._overdue = frozenset[str]()
        self._alarmed: dict[str, float] = {}

    async def step(self) -> WorkerRun:
        """Run the due maintenance. Raises `InfrastructureError`."""
        now = self._monotonic()
        offset = self._wall_clock() - now  # changes when the system clock jumps
        if now >= self._repair_at or abs(offset - self._offset) > JUMP_SECONDS:
            await self._repair()
            await self._alarm(now)
            self._repair_at, self._offset = now + REPAIR_EVERY_SECONDS, offset
        if now >= self._cleanup_at:
            await self._accounts.run_cleanup()
            self._cleanup_at = now + CLEANUP_EVERY_SECONDS
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
        """Log topics with overdue jobs, each once an hour, and topics that have recovered.

        A topic must be overdue in two checks in a row: a worker that starts first has a backlog.
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
