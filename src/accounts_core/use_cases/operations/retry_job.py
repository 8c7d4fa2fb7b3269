"""Retry a job by hand: the only way out of the dead letters."""

import attrs

from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class RetryJob:
    """Retry a job of the outbox now."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, id: str) -> None:
        """Make a job due now, dead-lettered or not, with its attempts counted from 0.

        A worker that holds the job at the moment loses its lease. The last error stays until the next attempt.

        Args:
            id: The job's id.

        Raises:
            NotFound: No such job; it may be done.
            Conflict: Another call changed the job at the same time.

        """
        async with self._store.begin() as work:
            await work.outbox.retry(id, now=self._clock.now())
