from typing import Final

import attrs

from accounts_core.model.policy import CardPolicy
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.outbox.delays import LONGEST_DELAY, WORKER_LEASE
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import LEASE
from accounts_core.services.retry import retry_on_conflict

MAX_CORRECTED: Final = 1000
"""Maximum number of jobs whose due time is corrected in one transaction."""


@attrs.frozen
class CorrectDueTimes:
    """Make jobs due now whose due time is further in the future than any delay."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: CardPolicy

    async def __call__(self) -> int:
        """Correct at most `MAX_CORRECTED` jobs, and return how many were corrected."""
        now = self._clock.now()
        after = now + max(LONGEST_DELAY * 1.5, WORKER_LEASE, LEASE, self._policy.challenge_limit) + CLOCK_SKEW
        async with self._store.reader() as reader:
            if not await reader.outbox.any_due_after(after=after):
                return 0

        async def correct() -> int:
            async with self._store.begin() as work:
                return await work.outbox.correct_due_times(
                    after=after, due=now, leased=now + WORKER_LEASE, limit=MAX_CORRECTED
                )

        return await retry_on_conflict(self._store, correct)
