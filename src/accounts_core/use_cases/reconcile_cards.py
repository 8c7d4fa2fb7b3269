"""Finding out where this side and the payment provider say different things, and putting it right.

Crashes and lost answers are the outbox's business, and events keep the copy true. What is left for this are the things
that neither can know of: an event that never came, a dashboard, a restored backup, a bug. It decides by reading, in
three walks: the users who are billed, the provider's customers, the provider's open holds.

What may belong to somebody else on the same account of the provider's, such as another database, is reported and left
alone: a customer of nobody here, a card that was never verified here, a young hold that nobody here asked for.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

import attrs

from accounts_core.errors import NotFound, ProviderError
from accounts_core.model.customer import Customer
from accounts_core.model.drift import Drift, Kind, Reconciliation, Repair
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.payment_method import Cards, PaymentMethod, ProviderPaymentMethod
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import OpenHold, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.effects import Effects, default_job_id
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.sync_customer import SyncCustomer

PAGE: Final = 100

HOLDS_SINCE: Final = timedelta(days=30)
"""Which holds are looked at: a bank lets go of one by itself long before."""

NOBODYS_AFTER: Final = timedelta(days=1)
"""A hold of a verification that is not here is let go when it is older: whoever asked for it has had the time to."""

Put = Callable[[UnitOfWork], Awaitable[Job | None]]
"""Looks again, with the user locked, and writes the repair down; None when nothing is wrong any more."""


@attrs.frozen
class ReconcileCards:
    """Compare every user's cards, and every hold, with the provider's; repair what differs."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _sync: SyncCustomer
    _effects: Effects
    _clock: Clock

    async def __call__(self, *, dry_run: bool = False) -> Reconciliation:
        """Look at everything, at about two requests to the provider for each billed user, and repair unless `dry_run`.

        Users with a verification under way are left to it. Doing it again, or in two processes at once, is fine.
        """
        found = _Findings()
        walks = _Walks(self._store, self._payments, self._sync, self._effects, self._clock, found, dry_run)
        stopped_by = None
        try:
            await walks.users()
            await walks.customers()
            await walks.holds()
        except ProviderError as error:
            stopped_by = f"{type(error).__name__}: {error}"
        return Reconciliation(
            users=found.users,
            customers=found.customers,
            holds=found.holds,
            drifts=tuple(found.drifts),
            stopped_by=stopped_by,
        )


@attrs.define
class _Findings:
    users: int = 0
    customers: int = 0
    holds: int = 0
    drifts: list[Drift] = attrs.field(factory=list)


@attrs.frozen
class _Walks:
    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _sync: SyncCustomer
    _effects: Effects
    _clock: Clock
    _found: _Findings
    _dry_run: bool

    # ---- the users who are billed

    async def users(self) -> None:
        after: UserId | None = None
        while True:
            async with self._store.read() as views:
                billed = await views.users.list_billed(after=after, limit=PAGE)
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
        try:
            customer = await self._payments.retrieve_customer(user.customer_id)
            provided = await self._payments.list_payment_methods(user.customer_id)
        except NotFound:
            detail = f"{len(cards)} cards went with it"
            await self._synced(Kind.LOST_CUSTOMER, user, subject=user.customer_id, detail=detail)
            return
        if await self._quiet_cards(user) != cards:
            return  # changed while the provider was asked, so it is being looked after
        await self._compare_cards(user, cards, customer, provided)

    async def _quiet_cards(self, user: User) -> Cards | None:
        """Return the user's cards; None while something is under way that may change them here or there."""
        assert user.customer_id is not None
        async with self._store.read() as views:
            if await views.verifications.open_of_customer(user.customer_id):
                return None
            if await views.outbox.find(default_job_id(user.id)) is not None:
                return None
            return await views.payment_methods.of(user.id)

    async def _compare_cards(
        self, user: User, cards: Cards, customer: Customer, provided: Sequence[ProviderPaymentMethod]
    ) -> None:
        ours = None if cards.default is None else cards.default.id
        if cards.mirror(provided, default=ours) != cards:
            detail = f"here {_ids(cards)}, there {_ids(provided)}"
            await self._synced(Kind.DIFFERING_CARDS, user, subject=customer.id, detail=detail)
        elif customer.default_payment_method != ours:
            detail = f"here {ours or 'none'}, there {customer.default_payment_method or 'none'}"
            await self._synced(Kind.DIFFERING_DEFAULT, user, subject=customer.id, detail=detail)
        for card in provided:
            if card.id not in cards:
                await self._orphan(user, card)

    async def _synced(self, kind: Kind, user: User, *, subject: str, detail: str) -> None:
        """Note a drift that reading the customer again puts right."""
        assert user.customer_id is not None
        if not self._dry_run:
            await self._sync(user.customer_id)
        repair = Repair.NEEDED if self._dry_run else Repair.DONE
        self._note(kind, subject, user.id, repair, detail)

    async def _orphan(self, user: User, card: ProviderPaymentMethod) -> None:
        shown = f"{card.card.brand} {card.card.last4} of {user.customer_id}"
        async with self._store.read() as views:
            asked_for = await views.verifications.find_by_payment_method(user.id, card.id)
        if asked_for is None:
            self._note(Kind.ORPHANED_CARD, card.id, user.id, Repair.LEFT, f"{shown}, never verified here")
            return

        async def put(work: UnitOfWork) -> Job | None:
            await work.users.get(user.id, lock=True)
            if card.id in await work.payment_methods.of(user.id) or await work.verifications.open_of(user.id):
                return None
            return await self._effects.put(work, Topic.DETACH_CARD, payment_method=card.id)

        detail = f"{shown}, its verification ended as {asked_for.state}"
        await self._mend(Kind.ORPHANED_CARD, card.id, user.id, detail, put)

    # ---- the provider's customers

    async def customers(self) -> None:
        unclaimed: dict[UserId, tuple[User, list[Customer]]] = {}
        after: str | None = None
        while True:
            page = await self._payments.list_customers(after=after)
            for customer in page.items:
                self._found.customers += 1
                user = await self._user_of(customer)
                if user is None:
                    self._note(Kind.UNKNOWN_CUSTOMER, customer.id, None, Repair.LEFT, f"made for {customer.user_ref}")
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
                await self._double(user, customer)

    async def _user_of(self, customer: Customer) -> User | None:
        ref = customer.user_ref or ""
        try:
            user_id = UserId(int(ref[8:], 16))
        except ValueError:
            return None
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        return user if user is not None and user.hex_id == ref else None

    async def _double(self, user: User, customer: Customer) -> None:
        if customer.balance != 0:
            detail = f"has a balance of {customer.balance}"
            self._note(Kind.DOUBLED_CUSTOMER, customer.id, user.id, Repair.LEFT, detail)
            return

        async def put(work: UnitOfWork) -> Job | None:
            current = await work.users.get(user.id, lock=True)
            if current.customer_id in {None, customer.id} or await work.verifications.open_of_customer(customer.id):
                return None
            return await self._effects.put(work, Topic.DELETE_CUSTOMER, customer=customer.id)

        await self._mend(Kind.DOUBLED_CUSTOMER, customer.id, user.id, "has no verified card", put)

    async def _claim(self, user: User, customer: Customer) -> None:
        async def put(work: UnitOfWork) -> Job | None:
            current = await work.users.get(user.id, lock=True)
            if current.customer_id is not None or await work.verifications.open_of(user.id):
                return None
            await work.users.save(current.bill_as(customer.id).owe(customer.balance))
            return await self._effects.put(work, Topic.UPDATE_CUSTOMER, user=str(user.id))

        await self._mend(Kind.UNCLAIMED_CUSTOMER, customer.id, user.id, "becomes the user's", put)

    # ---- the provider's open holds

    async def holds(self) -> None:
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
        async with self._store.read() as views:
            verification = await views.verifications.find(hold.verification_id)
        if verification is not None and verification.is_open:
            return
        user_id = None if verification is None else verification.user_id
        known = "is not here" if verification is None else f"ended as {verification.state}"
        detail = f"{hold.amount} {hold.currency}; {hold.verification_id} {known}"
        if verification is None and self._clock.now() - hold.created < NOBODYS_AFTER:
            self._note(Kind.STRANDED_HOLD, hold.id, user_id, Repair.LEFT, f"{detail}, and it is young")
            return
        if not self._dry_run:
            await self._payments.release(hold.id, key=f"reconcile:{hold.id}")
        repair = Repair.NEEDED if self._dry_run else Repair.DONE
        self._note(Kind.STRANDED_HOLD, hold.id, user_id, repair, detail)

    # ---- details

    async def _mend(self, kind: Kind, subject: str, user_id: UserId, detail: str, put: Put) -> None:
        """Note a drift that a job of the outbox puts right, and have it done."""
        if self._dry_run:
            self._note(kind, subject, user_id, Repair.NEEDED, detail)
            return

        async def attempt() -> Job | None:
            async with self._store.begin() as work:
                return await put(work)

        try:
            job = await settle(self._store, attempt)
        except NotFound:
            return  # the user was deleted meanwhile, and the customer with them
        if job is None:
            return
        await self._effects.attempt(job)
        async with self._store.read() as views:
            is_done = await views.outbox.find(job.id) is None
        self._note(kind, subject, user_id, Repair.DONE if is_done else Repair.QUEUED, detail)

    def _note(self, kind: Kind, subject: str, user_id: UserId | None, repair: Repair, detail: str) -> None:
        self._found.drifts.append(Drift(kind=kind, subject=subject, user_id=user_id, repair=repair, detail=detail))


def _ids(cards: Iterable[PaymentMethod | ProviderPaymentMethod]) -> str:
    return " ".join(sorted(card.id for card in cards)) or "none"
