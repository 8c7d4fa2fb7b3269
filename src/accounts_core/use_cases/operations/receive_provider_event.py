import attrs

from accounts_core.model.outbox import Topic
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


@attrs.frozen
class ReceiveProviderEvent:
    """Take note of an event of the payment provider's: something about this customer changed."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _clock: Clock

    async def __call__(self, *, id: str, customer_id: str | None) -> bool:
        """Have the customer read again soon, by a worker; say whether the event is new.

        Whoever calls this has checked that the provider sent it. An event about no customer is only noted.
        """

        async def attempt() -> bool:
            async with self._store.begin() as work:
                is_new = await work.provider_events.add(id, at=self._clock.now())
                if is_new and customer_id is not None:
                    await self._effects.put_for_worker(work, Topic.SYNC_CUSTOMER, customer=customer_id)
            return is_new

        return await settle(self._store, attempt)
