"""Repair times that a wrong clock wrote into the future.

Such a job would be done too late; such a session or token would live too long.
"""

from datetime import timedelta
from typing import Final

import attrs

from accounts_core.model.policy import Policy
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.outbox.correct_due_times import CorrectDueTimes
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict

_A_MICROSECOND: Final = timedelta(microseconds=1)
"""The smallest time that makes a sign-in too old to prove anything."""


@attrs.frozen(kw_only=True)
class TimesRepairResult:
    """Number of rows with a time in the future that were repaired."""

    jobs: int
    """Outbox jobs that are due now."""
    sessions: int
    """Sessions that got new times."""
    mail_tokens: int
    """Mail tokens that were deleted."""

    @property
    def total(self) -> int:
        """The number of rows of every kind together."""
        return self.jobs + self.sessions + self.mail_tokens


@attrs.frozen
class RepairTimes:
    """Repair times that lie too far in the future."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy
    _bring_back: CorrectDueTimes

    async def __call__(self) -> TimesRepairResult:
        """Repair jobs, sessions and mail tokens whose times lie too far in the future; workers call it every minute.

        Jobs become due now. A session goes on from now, with a sign-in that is just too old to count as
        reauthentication. A mail token is deleted: it would become valid again when its time comes.

        Returns:
            How many rows of each kind were repaired.

        Raises:
            Unavailable: The database is away.

        """
        jobs = await self._bring_back()

        async def repair() -> TimesRepairResult:
            now = self._clock.now()
            signed_in_at = now - self._policy.reauthentication - _A_MICROSECOND
            async with self._store.begin() as work:
                return TimesRepairResult(
                    jobs=jobs,
                    sessions=await work.sessions.correct_times(
                        after=now + CLOCK_SKEW,
                        created_at=signed_in_at,
                        used_at=now,
                        expires_at=signed_in_at + self._policy.sessions.lifetime,
                    ),
                    mail_tokens=await work.mail_tokens.delete_created_after(now + CLOCK_SKEW),
                )

        return await retry_on_conflict(self._store, repair)
