"""Compare the local copy with the payment provider, and repair what differs.

The outbox recovers from crashes and lost answers, and provider events keep the copy current. This finds what neither
can: an event that was never sent, changes in the provider's dashboard, a restored backup, a bug. It reads in three
passes: the users with a customer, the provider's customers, the provider's open holds.

What may belong to another database on the same provider account is reported and left alone: a customer of an unknown
user, a card that was never verified here, a recent hold for an unknown verification.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import attrs

from accounts_core.errors import NotFound, ProviderError
from accounts_core.model.customer import Customer
from accounts_core.model.drift import Kind, Reconciliation, Repair
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DeleteCustomerJob, DetachCardJob, UpdateCustomerJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import Cards, PaymentMethod, ProviderPaymentMethod
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import OpenHold, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_removal import usage_counts
from accounts_core.services.customer_sync import SyncCustomer
from accounts_core.services.default_card import is_managed_elsewhere
from accounts_core.services.outbox_writer import OutboxWriter, default_job_id
from accounts_core.services.repairs import Findings, Repairs

PAGE: Final = 100
"""Users that are read at once."""

HOLDS_SINCE: Final = timedelta(days=30)
"""Holds up to this age are checked. Banks release a hold on their own long before."""

NOBODYS_AFTER: Final = timedelta(days=1)
"""Age from which the hold of an unknown verification is released: a call under way would have finished."""


@attrs.frozen
class ReconcileCards:
    """Compare every user's cards and every open hold with the provider."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _sync: SyncCustomer
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, *, dry_run: bool = False) -> Reconciliation:
        """Compare all cards, customers and open holds with the provider, and repair what differs.

        Takes about two provider requests for each user with a customer. Users with an open verification are skipped. It
        is safe to repeat, and to run in two processes at once. A provider error ends the run and is reported in
        `stopped_by`; repairs made until then are kept.

        Args:
            dry_run: Only report what would be repaired.

        Returns:
            What was checked, what differed and how it was repaired.

        Raises:
            VerificationInProgress: Other calls kept changing a verification of one of the customers.
            Unavailable: The database is away. Repairs made until then are kept.

        """
        found = Findings()
        repairs = Repairs(self._store, self._payments, self._sync, self._outbox, found, dry_run)
        walks = _Walks(self._store, self._payments, self._outbox, self._clock, found, repairs)
        stopped_by = None
        try:
            await walks.users()
            await walks.customers()
            await walks.holds()
        except ProviderError as error:
            stopped_by = f"{type(error).__name__}: {error}"
        return found.summed_up(stopped_by)


@attrs.frozen
class _Walks:
    """The three passes of one run."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _outbox: OutboxWriter
    _clock: Clock
    _found: Findings
    _repairs: Repairs

    # ---- the users who are billed

    async def users(self) -> None:
        """Compare the cards of every user who is linked to a customer."""
        after: UserId | None = None
        while True:
            async with self._store.reader() as reader:
                billed = await reader.users.list_with_customer(after=after, limit=PAGE)
            for user in billed:
                self._found.users += 1
                await self._compare(user)
            if len(billed) < PAGE:
                return
            after = billed[-1].id

    async def _compare(self, user: User) -> None:
        assert user.customer_id is not None
        cards = await self._quiet_cards(user)
        if cards is None:
            return
        there = await self._ask(user.customer_id)
        if await self._quiet_cards(user) != cards:
            return  # changed while the provider was asked: another call takes care of it
        if there is None:
            await self._repairs.by_reading(Kind.LOST_CUSTOMER, user, f"cards that went with it: {len(cards)}")
        else:
            await self._compare_cards(user, cards, *there)

    async def _ask(self, customer_id: str) -> tuple[Customer, Sequence[ProviderPaymentMethod]] | None:
        try:
            customer = await self._payments.retrieve_customer(customer_id)
            return customer, await self._payments.list_payment_methods(customer_id)
        except NotFound:
            return None

    async def _quiet_cards(self, user: User) -> Cards | None:
        """Return the user's cards; None if the customer changed, or something may change the cards now."""
        assert user.customer_id is not None
        async with self._store.reader() as reader:
            current = await reader.users.find(user.id)
            if current is None or current.customer_id != user.customer_id:
                return None
            if await reader.verifications.list_open_for_customer(user.customer_id):
                return None
            if await reader.outbox.find(default_job_id(user.id)) is not None:
                return None
            return await reader.payment_methods.list_for_user(user.id)

    async def _compare_cards(
        self, user: User, cards: Cards, customer: Customer, provided: Sequence[ProviderPaymentMethod]
    ) -> None:
        ours, theirs = None if cards.default is None else cards.default.id, customer.default_payment_method
        async with self._store.reader() as reader:
            is_elsewhere = await is_managed_elsewhere(reader, user.id, cards, theirs)
        if cards.mirror(provided, default=ours) != cards:
            await self._repairs.by_reading(Kind.DIFFERING_CARDS, user, f"here {_ids(cards)}, there {_ids(provided)}")
        elif theirs != ours and not is_elsewhere:
            await self._repairs.by_reading(
                Kind.DIFFERING_DEFAULT, user, f"here {ours or 'none'}, there {theirs or 'none'}"
            )
        if is_elsewhere:
            self._found.note(Kind.DEFAULT_ELSEWHERE, user.customer_id or "", user.id, Repair.LEFT, f"{theirs} there")
        for card in provided:
            if card.id not in cards:
                await self._orphan(user, card)

    async def _orphan(self, user: User, card: ProviderPaymentMethod) -> None:
        shown = f"{card.card.brand} {card.card.last4} of {user.customer_id}"
        async with self._store.reader() as reader:
            asked_for = await reader.verifications.find_by_payment_method(user.id, card.id)
        if asked_for is None:
            self._found.note(Kind.ORPHANED_CARD, card.id, user.id, Repair.LEFT, f"{shown}, never verified here")
            return

        async def look(work: UnitOfWork, user: User) -> bool:
            has_it = card.id in await work.payment_methods.list_for_user(user.id)
            return not has_it and not await work.verifications.list_open_for_user(user.id)

        async def put(work: UnitOfWork, _: User) -> OutboxJob:
            return await self._outbox.enqueue(work, DetachCardJob(payment_method=card.id))

        detail = f"{shown}, its verification ended as {asked_for.state}"
        await self._repairs.by_job(Kind.ORPHANED_CARD, card.id, user.id, detail, look=look, put=put)

    # ---- the provider's customers

    async def customers(self) -> None:
        """Look for customers that no user is linked to, and link or delete those made for a user."""
        unclaimed: dict[UserId, tuple[User, list[Customer]]] = {}
        after: str | None = None
        while True:
            page = await self._payments.list_customers(after=after)
            for customer in page.items:
                self._found.customers += 1
                user = await self._user_of(customer)
                if user is None:
                    detail = f"made for {customer.user_ref}"
                    self._found.note(Kind.UNKNOWN_CUSTOMER, customer.id, None, Repair.LEFT, detail)
                elif user.customer_id is None:
                    unclaimed.setdefault(user.id, (user, []))[1].append(customer)
                elif user.customer_id != customer.id:
                    await self._double(user, customer)
            after = page.after
            if after is None:
                break
        for user, mine in unclaimed.values():
            *doubled, oldest = mine
            await self._claim(user, oldest)
            for customer in doubled:
                await self._double(user, customer, is_claimed=True)

    async def _user_of(self, customer: Customer) -> User | None:
        ref = customer.user_ref or ""
        try:
            user_id = UserId(int(ref[8:], 16))
        except ValueError:
            return None
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
        return user if user is not None and user.hex_id == ref else None

    async def _double(self, user: User, customer: Customer, *, is_claimed: bool = False) -> None:
        """Have a user's second customer deleted, unless something would be lost with it.

        `is_claimed` says that the first customer was linked to the user in this run.
        """
        try:
            value = await self._value_of(user, customer)
        except NotFound:
            return
        if value is not None:
            self._found.note(Kind.DOUBLED_CUSTOMER, customer.id, user.id, Repair.LEFT, value)
            return
        known_after_all = {customer.id} if is_claimed and self._repairs.dry_run else {customer.id, None}

        async def look(work: UnitOfWork, user: User) -> bool:
            return user.customer_id not in known_after_all and not await work.verifications.list_open_for_user(user.id)

        async def put(work: UnitOfWork, _: User) -> OutboxJob:
            return await self._outbox.enqueue(work, DeleteCustomerJob(customer=customer.id, unless_used=True))

        detail = "nothing hangs on it"
        await self._repairs.by_job(Kind.DOUBLED_CUSTOMER, customer.id, user.id, detail, look=look, put=put)

    async def _value_of(self, user: User, customer: Customer) -> str | None:
        """Return what would be lost with a customer, None for nothing.

        Raises:
            NotFound: The customer is gone.

        """
        usage = await self._payments.inspect_customer(customer.id)
        if usage.balance != 0:
            return f"has a balance of {usage.balance}"
        if counts := usage_counts(usage):
            return "has " + ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items())
        for card in await self._payments.list_payment_methods(customer.id):
            async with self._store.reader() as reader:
                if await reader.verifications.find_by_payment_method(user.id, card.id) is None:
                    return f"has {card.id}, never verified here"
        return None

    async def _claim(self, user: User, customer: Customer) -> None:
        async def look(work: UnitOfWork, user: User) -> bool:
            return user.customer_id is None and not await work.verifications.list_open_for_user(user.id)

        async def put(work: UnitOfWork, user: User) -> OutboxJob:
            await work.users.save(user.link_customer(customer.id).with_balance(customer.balance))
            return await self._outbox.enqueue(work, UpdateCustomerJob(user=user.id, customer=customer.id))

        detail = "becomes the user's"
        await self._repairs.by_job(Kind.UNCLAIMED_CUSTOMER, customer.id, user.id, detail, look=look, put=put)

    # ---- the provider's open holds

    async def holds(self) -> None:
        """Look for open holds that no open verification is going to release."""
        since = self._clock.now() - HOLDS_SINCE
        after: str | None = None
        while True:
            page = await self._payments.list_open_holds(since=since, after=after)
            for hold in page.items:
                self._found.holds += 1
                await self._look_at(hold)
            after = page.after
            if after is None:
                return

    async def _look_at(self, hold: OpenHold) -> None:
        async with self._store.reader() as reader:
            verification = await reader.verifications.find(hold.verification_id)
        if verification is not None and verification.is_open:
            return
        state = "is not here" if verification is None else f"ended as {verification.state}"
        detail = f"{hold.amount} {hold.currency}; {hold.verification_id} {state}"
        if verification is not None:
            await self._repairs.by_release(hold, verification.user_id, detail)
        elif self._clock.now() - hold.created >= NOBODYS_AFTER:
            await self._repairs.by_release(hold, None, detail)
        else:
            self._found.note(Kind.STRANDED_HOLD, hold.id, None, Repair.LEFT, f"{detail}, and it is young")


def _ids(cards: Iterable[PaymentMethod | ProviderPaymentMethod]) -> str:
    return " ".join(sorted(card.id for card in cards)) or "none"
