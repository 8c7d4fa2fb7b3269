"""The default is set here first, and at the provider after the commit by an outbox job that is retried."""

import attrs

from accounts_core.model.events import DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class SetDefaultPaymentMethod:
    """Set a user's default card."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Make one of the user's cards the default, here and at the provider.

        It replaces the provider's default even if that payment method was set up outside of this library. If the
        provider is away, the outbox tells it later; the call succeeds. The provider is told also when the card is the
        default here already.

        Args:
            user_id: The owner of the card.
            id: The payment method's id.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: The user has no such card, or the user does not exist.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> tuple[OutboxJob, ...]:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                before = await work.payment_methods.list_for_user(user_id)
                after = before.make_default(id)
                if after != before:
                    await work.payment_methods.save(user_id, after)
                    work.record(DefaultCardChanged(user_id=user_id, at=self._clock.now(), payment_method=id))
                # also when nothing changes here: the provider may have another default
                return (await self._outbox.enqueue_default(work, user_id, chosen=id),)

        await self._outbox.dispatch_now(*await retry_on_conflict(self._store, attempt))
