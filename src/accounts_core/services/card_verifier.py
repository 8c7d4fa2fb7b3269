"""Drive a card verification to its end.

Every provider call is made between two commits, so that after a crash the row says what to do next:

1. each call is safe to repeat, and is then the same call (`card_calls`);
2. its outcome is committed by a save that only succeeds on the version that was read;
3. after an unknown outcome (`ProviderAmbiguous`) the row stays as it is, and the next call repeats the step.
"""

from typing import NoReturn

import attrs

from accounts_core.errors import Conflict, NotFound, ProviderRefused, RateLimitExceeded, VerificationInProgress
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DeleteCustomerJob, UpdateCustomerJob
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.policy import CardPolicy
from accounts_core.model.verification import TRANSITIONS, CardVerification, Event, State
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import Hold, HoldStatus, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.card_calls import CardCalls
from accounts_core.services.card_commits import CardCommits
from accounts_core.services.card_progress import (
    EVENT_OF_HOLD,
    MAX_STEPS,
    PROVIDER_FAILED,
    RESOURCE_MISSING,
    TOO_MANY_ATTEMPTS,
    Progress,
    failure_code_of,
)
from accounts_core.services.lost_customer import unlink_lost_customer
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class CardVerifier:
    """Drives a verification step by step. Two drivers of one row are harmless: one of two saves succeeds."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _outbox: OutboxWriter
    _clock: Clock
    _policy: CardPolicy
    _rate_limits: RateLimitPolicy

    @property
    def _calls(self) -> CardCalls:
        return CardCalls(self._payments, self._clock)

    @property
    def _commits(self) -> CardCommits:
        return CardCommits(self._store, self._outbox, self._clock)

    async def drive(self, id: str, *, is_new: bool = False) -> Progress:
        """Perform steps until the verification ends or waits for card authentication.

        Args:
            id: The verification's id.
            is_new: The caller has just opened it, and no other verification of the user is open; so no step can have
                been tried.

        Returns:
            The verification as it is now, with the hold whose card authentication it waits for.

        Raises:
            NotFound: No such verification. An orphaned one is deleted when it ends.
            VerificationInProgress: Other calls changed the verification at every step.
            ProviderError: A provider call failed; the next call repeats it.

        """
        challenge: Hold | None = None
        own_version = 0 if is_new else None  # the version that this call saved last
        for _ in range(MAX_STEPS):
            async with self._store.reader() as reader:
                verification = await reader.verifications.find(id)
            if verification is None:
                raise NotFound("verification", id)
            if not verification.is_open:
                return Progress(verification, None)
            if verification.state is State.REQUIRES_ACTION and challenge is not None:
                return Progress(verification, challenge)
            try:
                is_first = verification.version == own_version
                if verification.lies_ahead(now=self._clock.now()):
                    await self._redate(verification)
                    own_version = verification.version + 1 if is_first else None
                    continue
                challenge = await self._step(verification, is_first=is_first)
                own_version = verification.version + 1
            except Conflict:
                challenge = own_version = None  # another call changed it: read it again
        raise VerificationInProgress

    async def _redate(self, v: CardVerification) -> None:
        """Set times that lie in the future to now, so that the time limits that they start do not end too late."""
        async with self._store.begin() as work:
            await work.verifications.save(v.redated(now=self._clock.now()))

    async def _step(self, v: CardVerification, *, is_first: bool) -> Hold | None:
        """Perform the step of the present state and commit its outcome.

        `is_first` says that nobody can have tried the step before. Returns the hold if it needs card authentication.
        """
        if v.is_orphaned and v.state is not State.CLOSING and (v.state, Event.ABANDONED) in TRANSITIONS:
            await self._commits.advance(v, Event.ABANDONED)
            return None
        match v.state:
            case State.REQUESTED:
                await self._find_customer(v, is_first=is_first)
            case State.HOLDING:
                return await self._hold(v, is_first=is_first)
            case State.REQUIRES_ACTION:
                return await self._ask_after_challenge(v)
            case State.HELD:
                await self._commits.advance(v, Event.RELEASE)
            case State.RELEASING:
                await self._calls.release(v)
                await self._commits.advance(v, Event.RELEASED)
            case State.RELEASED:
                await self._attach(v)
            case State.ATTACHED:
                await self._record(v)
            case State.CLOSING:
                await self._close(v)
            case _:
                raise AssertionError(v.state)
        return None

    async def _find_customer(self, v: CardVerification, *, is_first: bool) -> None:
        """Find or create the provider's customer, and store its id on the user and on the verification."""
        assert v.user_id is not None
        async with self._store.reader() as reader:
            user = await reader.users.find(v.user_id)
        if user is None:
            raise Conflict("The user was deleted meanwhile.")
        if self._rate_limits.is_enabled and not await self._admit_card(v):
            return
        customer_id, balance = user.customer_id, user.balance
        if customer_id is None:
            try:
                customer = await self._calls.customer(v, user, is_first=is_first)
            except ProviderRefused as refusal:
                await self._commits.advance(v, Event.REFUSED, code=refusal.code)
                return
            customer_id, balance = customer.id, customer.balance
        try:
            async with self._store.begin() as work:
                current = await work.users.get(user.id, lock=True)
                if current.lost_customers != user.lost_customers:
                    raise Conflict("The customer was deleted at the provider meanwhile.")
                jobs = []
                if current.customer_id is None:
                    await work.users.save(current.link_customer(customer_id).with_balance(balance))
                    # name and address are read when the job runs, because they may change until then
                    jobs.append(await self._outbox.enqueue(work, UpdateCustomerJob(user=user.id, customer=customer_id)))
                linked = current.customer_id or customer_id
                # linked even if another call has changed the row: the customer exists and must not be lost
                stored = await work.verifications.find(v.id)
                is_moved = stored is None or stored.version != v.version
                if not is_moved:
                    await work.verifications.save(v.on(Event.CUSTOMER_LINKED, at=self._clock.now(), customer_id=linked))
        except NotFound:
            async with self._store.begin() as work:
                job = await self._outbox.enqueue(work, DeleteCustomerJob(customer=customer_id))
            await self._outbox.dispatch_now(job)
            raise Conflict("The user was deleted meanwhile.") from None
        await self._outbox.dispatch_now(*jobs)
        if is_moved:
            raise Conflict("Another call changed the verification first.")

    async def _admit_card(self, v: CardVerification) -> bool:
        """Count the physical card for its rate limit before a hold; if refused, end the verification."""
        try:
            card = await self._payments.retrieve_payment_method(v.requested)
            await self._rate_limits.consume_card(card.card.fingerprint)
        except (NotFound, ProviderRefused) as refusal:
            await self._commits.advance(v, Event.REFUSED, code=failure_code_of(refusal))
            return False
        except RateLimitExceeded:
            await self._commits.advance(v, Event.REFUSED, code=TOO_MANY_ATTEMPTS)
            return False
        return True

    async def _hold(self, v: CardVerification, *, is_first: bool) -> Hold | None:
        assert v.customer_id is not None
        try:
            hold = await self._calls.hold(v, is_first=is_first)
        except ProviderRefused as refusal:
            is_lost = (refusal.code, refusal.param) == (RESOURCE_MISSING, "customer")
            if is_lost and v.user_id is not None and not v.has_lost_customer:
                await self._unlink_customer(v, v.user_id)
            code = Event.CUSTOMER_LOST.value if is_lost else refusal.code
            await self._commits.advance(v, Event.REFUSED, code=code, read_customer=refusal.param == "customer")
            return None
        if hold is None:
            await self._commits.advance(v, Event.REFUSED, code=PROVIDER_FAILED, read_customer=True)
            return None
        return await self._apply_hold_status(v, hold)

    async def _unlink_customer(self, v: CardVerification, user_id: UserId) -> NoReturn:
        """Unlink a customer that was deleted at the provider, and go back to the step that finds one. Nothing was held.

        Happens once for each verification. Always raises `Conflict`, so that the row is read again: another call may be
        creating the customer as well.
        """
        now = self._clock.now()
        async with self._store.begin() as work:
            try:
                user = await work.users.get(user_id, lock=True)
            except NotFound:
                raise Conflict("The user was deleted meanwhile.") from None
            if user.customer_id == v.customer_id:
                await unlink_lost_customer(work, user, at=now)
            await work.verifications.save(v.on(Event.CUSTOMER_LOST, at=now, code=Event.CUSTOMER_LOST.value))
        raise Conflict("The customer was deleted at the provider.")

    async def _ask_after_challenge(self, v: CardVerification) -> Hold | None:
        assert v.hold_id is not None
        hold = await self._payments.retrieve_hold(v.hold_id)
        if hold.status is not HoldStatus.CHALLENGED:
            return await self._apply_hold_status(v, hold)
        if self._clock.now() < v.created_at + self._policy.challenge_limit:
            return hold
        await self._commits.advance(v, Event.ABANDONED)
        return None

    async def _apply_hold_status(self, v: CardVerification, hold: Hold) -> Hold | None:
        """Commit the status of the hold."""
        event = EVENT_OF_HOLD[hold.status]
        await self._commits.advance(
            v,
            event,
            hold_id=hold.id,
            payment_method=hold.payment_method,
            code=hold.code,
            decline_code=hold.decline_code,
        )
        return hold if event is Event.CHALLENGED else None

    async def _attach(self, v: CardVerification) -> None:
        try:
            await self._calls.attach(v)
        except (ProviderRefused, NotFound) as refusal:
            is_missing = isinstance(refusal, NotFound)
            await self._commits.advance(v, Event.REFUSED, code=failure_code_of(refusal), read_customer=is_missing)
        else:
            await self._commits.advance(v, Event.ATTACHED)

    async def _close(self, v: CardVerification) -> None:
        """Release what may be held, then apply the event that led to closing: it decides the final state."""
        assert v.closing_because is not None
        if v.hold_id is not None:
            await self._calls.release(v)
        await self._commits.advance(v, v.closing_because)

    async def _record(self, v: CardVerification) -> None:
        """Store the card as the user's, in the transaction that ends the verification."""
        assert v.user_id is not None
        assert v.payment_method is not None
        try:
            provided = await self._payments.retrieve_payment_method(v.payment_method)
        except NotFound as lost:
            await self._commits.advance(v, Event.REFUSED, code=failure_code_of(lost))
            return
        if provided.customer_id != v.customer_id:  # detached since, perhaps with its customer
            await self._commits.advance(v, Event.REFUSED, code=RESOURCE_MISSING, read_customer=True)
            return
        card = PaymentMethod.verified(provided, user_id=v.user_id, at=self._clock.now())
        await self._commits.keep(v, v.user_id, card)
