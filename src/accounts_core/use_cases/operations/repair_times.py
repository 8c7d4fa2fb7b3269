from datetime import timedelta
from typing import Final

import attrs

from accounts_core.model.policy import Policy
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.outbox.bring_back import BringBackJobs
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import settle

_A_MICROSECOND: Final = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class Repaired:
    """How many rows were dated ahead, of each kind."""

    jobs: int
    sessions: int
    mail_tokens: int

    @property
    def total(self) -> int:
        return self.jobs + self.sessions + self.mail_tokens


@attrs.frozen
class RepairTimes:
    """Repair what a clock that was wrong has dated ahead: for a worker, every minute."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy
    _bring_back: BringBackJobs

    async def __call__(self) -> Repaired:
        """Bring jobs back that are due too far ahead, date sessions anew, and remove mailed tokens.

        A session that was opened in the future goes on, from now: as one whose sign-in is just too old to prove
        anything. A mailed token from the future is removed, since it would work again when its time comes.
        """
        jobs = await self._bring_back()

        async def repair() -> Repaired:
            now = self._clock.now()
            signed_in_at = now - self._policy.reauthentication - _A_MICROSECOND
            async with self._store.begin() as work:
                return Repaired(
                    jobs=jobs,
                    sessions=await work.sessions.bring_back(
                        after=now + CLOCK_SKEW,
                        created_at=signed_in_at,
                        used_at=now,
                        expires_at=signed_in_at + self._policy.sessions.lifetime,
                    ),
                    mail_tokens=await work.mail_tokens.forget_after(now + CLOCK_SKEW),
                )

        return await settle(self._store, repair)
