"""An event only says that a customer changed.

What changed is read from the provider, so events may be late, repeated or out of order.
"""

import attrs

from accounts_core.model.jobs import SyncCustomerJob
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class ReceiveProviderEvent:
    """Record an event of the payment provider."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, *, id: str, customer_id: str | None) -> bool:
        """Record a provider event, and have a worker read its customer again.

        The caller must have verified the event's signature. Events that were received before change nothing.

        Args:
            id: The event's id.
            customer_id: The provider's customer that the event is about. None only records the event.

        Returns:
            True if the event is new, False if it was received before.

        Raises:
            Invalid: On `value`: an id with NUL or a lone surrogate cannot be stored.

        """

        async def attempt() -> bool:
            async with self._store.begin() as work:
                is_new = await work.provider_events.add(id, at=self._clock.now())
                if is_new and customer_id is not None:
                    await self._outbox.enqueue_for_worker(work, SyncCustomerJob(customer=customer_id))
            return is_new

        return await retry_on_conflict(self._store, attempt)
