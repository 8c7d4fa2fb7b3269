from collections.abc import Sequence

import attrs

from accounts_core.model.outbox import Job
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class ListOutbox:
    """Read what is still to be done, for operators."""

    _store: Store[UnitOfWork]

    async def __call__(self, *, limit: int = 50) -> Sequence[Job]:
        """Return at most `limit` jobs, the parked ones first."""
        async with self._store.read() as views:
            return await views.outbox.list(limit=limit)
