"""Dead-lettered jobs are listed first: they are what an operator has to look at."""

from collections.abc import Sequence

import attrs

from accounts_core.model.outbox import OutboxJob
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class ListOutbox:
    """List the jobs of the outbox, for operators."""

    _store: Store[UnitOfWork]

    async def __call__(self, *, limit: int = 50) -> Sequence[OutboxJob]:
        """Return jobs of the outbox: the dead-lettered ones first, then by due time.

        Args:
            limit: The most jobs to return.

        Returns:
            The jobs, with their payloads, attempts and last errors. The values of payloads whose name contains
            `password` are replaced by `...`.

        Raises:
            Unavailable: The database is away.

        """
        async with self._store.reader() as reader:
            return [_without_passwords(job) for job in await reader.outbox.list(limit=limit)]


def _without_passwords(job: OutboxJob) -> OutboxJob:
    """Hide password hashes: sign-ups that an earlier release enqueued have one in their payload."""
    payload = {name: "..." if "password" in name else value for name, value in job.payload.items()}
    return job if payload == job.payload else attrs.evolve(job, payload=payload)
