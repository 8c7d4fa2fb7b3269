import attrs

from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class RetryJob:
    """Have a job tried again now, parked or not."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, id: str) -> None:
        """Raises `NotFound`."""
        async with self._store.begin() as work:
            await work.outbox.retry(id, now=self._clock.now())
