"""Keep the local copy of a provider's customer current.

There is one reaction to every change at the provider: read the customer again, and update the copy. An event only says
when to read, never what changed. So events may be lost, repeated or out of order.
"""

from contextlib import suppress

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.customer import Customer
from accounts_core.model.events import Actor, CardUpdated, DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import Cards
from accounts_core.model.user import User
from accounts_core.model.verification import State
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.services.default_card import is_managed_elsewhere, open_verification
from accounts_core.services.lost_customer import removed_by_provider, unlink_lost_customer
from accounts_core.services.outbox_writer import LEASE, OutboxWriter, default_job_id
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class SyncCustomer:
    """Update the local copy of a billing customer from the provider."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _verifier: CardVerifier
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, customer_id: str) -> None:
        """Read a billing customer from the provider, and update the user's cards, default card and balance to match.

        Verifications that wait for card authentication are continued first. If the customer was deleted at the
        provider, it is unlinked from the user and its cards are removed. A customer that no user has changes nothing.
        It is safe to repeat.

        Args:
            customer_id: The provider's customer id.

        Raises:
            VerificationInProgress: Other calls kept changing one of the customer's verifications.
            ProviderError: The provider refused, is busy, or did not answer.

        """
        async with self._store.reader() as reader:
            waiting = await reader.verifications.list_open_for_customer(customer_id)
        for verification in waiting:
            if verification.state is State.REQUIRES_ACTION:
                with suppress(NotFound):  # orphaned, and ended meanwhile
                    await self._verifier.drive(verification.id)
        await self._outbox.dispatch_now(*await retry_on_conflict(self._store, lambda: self._mirror(customer_id)))

    async def _mirror(self, customer_id: str) -> tuple[OutboxJob, ...]:
        async with self._store.reader() as reader:
            user = await reader.users.find_by_customer(customer_id)
            if user is None:
                return ()
            seen = await reader.payment_methods.list_for_user(user.id)
        try:
            customer = await self._payments.retrieve_customer(customer_id)
            provided = await self._payments.list_payment_methods(customer_id)
        except NotFound:
            await self._forget(user.id, customer_id)
            return ()
        async with self._store.begin() as work:
            current = await self._still_billed(work, user.id, customer_id)
            held = await work.payment_methods.list_for_user(user.id)
            if held != seen:
                raise Conflict("The cards changed while the provider was asked.")
            # a default that the outbox has not sent yet is newer than the provider's
            ours_is_newer = await work.outbox.find(default_job_id(user.id)) is not None
            default = None if ours_is_newer else customer.default_payment_method
            after = held.mirror(provided, default=default)
            await self._keep(work, current, held, after)
            if customer.balance != current.balance:
                await work.users.save(current.with_balance(customer.balance))
            return await self._tell_default(work, user.id, after, customer, ours_is_newer=ours_is_newer)

    async def _still_billed(self, work: UnitOfWork, user_id: UserId, customer_id: str) -> User:
        try:
            user = await work.users.get(user_id, lock=True)
        except NotFound:
            raise Conflict("The user was deleted meanwhile.") from None
        if user.customer_id != customer_id:
            raise Conflict("The user is billed as another customer now.")
        return user

    async def _keep(self, work: UnitOfWork, user: User, before: Cards, after: Cards) -> None:
        if after == before:
            return
        await work.payment_methods.save(user.id, after)
        now = self._clock.now()
        for card in before:
            if card.id not in after:
                work.record(removed_by_provider(user, card, at=now))
            elif after.get(card.id).card != card.card:
                newer = after.get(card.id).card
                work.record(
                    CardUpdated(
                        user_id=user.id,
                        at=now,
                        by=Actor.PROVIDER,
                        payment_method=card.id,
                        brand=newer.brand,
                        last4=newer.last4,
                    )
                )
        chosen = None if after.default is None else after.default.id
        if chosen != (None if before.default is None else before.default.id):
            work.record(DefaultCardChanged(user_id=user.id, at=now, by=Actor.PROVIDER, payment_method=chosen))

    async def _tell_default(
        self, work: UnitOfWork, user_id: UserId, cards: Cards, customer: Customer, *, ours_is_newer: bool
    ) -> tuple[OutboxJob, ...]:
        """Enqueue the update of the provider's default if it differs from the user's, and return the jobs to perform.

        A default that is managed elsewhere is left alone. If the default there is a card that is being verified, it is
        not known yet which of the two it is, so the customer is read again later.
        """
        ours, theirs = None if cards.default is None else cards.default.id, customer.default_payment_method
        if ours_is_newer or theirs == ours:
            return ()
        if await open_verification(work, user_id, theirs) is not None:
            await self._outbox.enqueue_reading(work, customer.id, wait=LEASE)
            return ()
        if await is_managed_elsewhere(work, user_id, cards, theirs):
            return ()
        return (await self._outbox.enqueue_default(work, user_id),)

    async def _forget(self, user_id: UserId, customer_id: str) -> None:
        """Unlink a customer that was deleted at the provider with its cards; the next verification creates another."""
        async with self._store.begin() as work:
            await unlink_lost_customer(work, await self._still_billed(work, user_id, customer_id), at=self._clock.now())
