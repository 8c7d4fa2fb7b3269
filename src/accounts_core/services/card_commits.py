"""Commit the outcomes of the steps of a card verification."""

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.events import CardRejected, CardVerified, DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DetachCardJob, SyncCustomerJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.verification import CardVerification, Event
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.card_progress import job_id
from accounts_core.services.outbox_writer import OutboxWriter


@attrs.frozen
class CardCommits:
    """Saves a card verification, with what follows from its new state, in one transaction."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _clock: Clock

    async def advance(
        self,
        v: CardVerification,
        event: Event,
        *,
        hold_id: str | None = None,
        payment_method: str | None = None,
        code: str | None = None,
        decline_code: str | None = None,
        read_customer: bool = False,
    ) -> None:
        """Commit one transition.

        `read_customer` says that the provider may have lost the customer, so a worker reads it again.

        Raises:
            Conflict: Another call changed the row first.

        """
        now = self._clock.now()
        after = v.on(
            event, at=now, hold_id=hold_id, payment_method=payment_method, code=code, decline_code=decline_code
        )
        async with self._store.begin() as work:
            await work.verifications.save(after)
            if read_customer and v.customer_id is not None:
                await self._outbox.enqueue_for_worker(work, SyncCustomerJob(customer=v.customer_id))
            if after.is_open:
                return
            await work.outbox.delete(job_id(v.id))
            if v.user_id is None:  # orphaned: deleted now that nothing is held
                await work.verifications.delete(v.id)
            else:
                work.record(
                    CardRejected(
                        user_id=v.user_id,
                        at=now,
                        requested=v.requested,
                        outcome=after.state,
                        code=after.code,
                        decline_code=after.decline_code,
                    )
                )

    async def keep(self, v: CardVerification, user_id: UserId, card: PaymentMethod) -> None:
        """Store the card as the user's, in the transaction that ends the verification.

        Raises:
            Conflict: Another call changed the verification first, or the user was deleted.

        """
        async with self._store.begin() as work:
            jobs = await self._keep(work, v, user_id, card)
        await self._outbox.dispatch_now(*jobs)

    async def _keep(
        self, work: UnitOfWork, v: CardVerification, user_id: UserId, card: PaymentMethod
    ) -> list[OutboxJob]:
        try:
            user = await work.users.get(user_id, lock=True)
        except NotFound:
            raise Conflict("The user was deleted meanwhile.") from None
        now = self._clock.now()
        before = await work.payment_methods.list_for_user(user_id)
        after = before.add(card)
        await work.payment_methods.save(user_id, after)
        await work.verifications.save(v.on(Event.RECORDED, at=now))
        await work.outbox.delete(job_id(v.id))
        replaced = tuple(old.id for old in before if old.id not in after)
        work.record(
            CardVerified(
                user_id=user_id,
                at=now,
                payment_method=card.id,
                brand=card.card.brand,
                last4=card.card.last4,
                replaced=replaced,
                tell=user.verified_email,
            )
        )
        jobs = [await self._outbox.enqueue(work, DetachCardJob(payment_method=old)) for old in replaced]
        if before.default is None or before.default.id not in after:
            work.record(DefaultCardChanged(user_id=user_id, at=now, payment_method=card.id))
            # another payment method of the same physical card is still the user's choice
            is_chosen = bool(replaced) and await self._outbox.find_choice(work, user_id) in replaced
            jobs.append(await self._outbox.enqueue_default(work, user_id, chosen=card.id if is_chosen else None))
        return jobs
