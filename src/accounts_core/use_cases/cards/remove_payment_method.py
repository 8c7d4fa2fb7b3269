"""Cards are removed here first, at the provider after the commit.

A job of the outbox tells the provider and is retried until it succeeds, so a provider that is away blocks no removal.
"""

import attrs

from accounts_core.model.events import CardRemoved, DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DetachCardJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class RemovePaymentMethod:
    """Remove a card of a user."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Remove a card from the user, and detach it at the provider.

        If the card was the default, the newest remaining card becomes the default. If the provider is away, the outbox
        detaches the card later; the call succeeds.

        Args:
            user_id: The owner of the card.
            id: The payment method's id.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: The user has no such card, or the user does not exist. The provider was not asked.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> list[OutboxJob]:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                before = await work.payment_methods.list_for_user(user_id)
                gone, after = before.get(id), before.remove(id)
                await work.payment_methods.save(user_id, after)
                now = self._clock.now()
                work.record(
                    CardRemoved(
                        user_id=user_id,
                        at=now,
                        tell=user.verified_email,
                        payment_method=id,
                        brand=gone.card.brand,
                        last4=gone.card.last4,
                    )
                )
                jobs = [await self._outbox.enqueue(work, DetachCardJob(payment_method=id))]
                if gone.is_default:
                    promoted = None if after.default is None else after.default.id
                    work.record(DefaultCardChanged(user_id=user_id, at=now, payment_method=promoted))
                    jobs.append(await self._outbox.enqueue_default(work, user_id))
                return jobs

        await self._outbox.dispatch_now(*await retry_on_conflict(self._store, attempt))
