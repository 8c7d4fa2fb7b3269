import attrs

from accounts_core.errors import NotFound
from accounts_core.model.customer import Customer
from accounts_core.model.events import CardRemoved, DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.payment_method import Cards
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.retrying import settle


@attrs.frozen
class ListPaymentMethods:
    """Read a user's cards, from the local copy."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId) -> Cards:
        """Return the user's cards, newest first.

        Args:
            user_id: Whose cards; a user without any, and no such user, have none.

        Raises:
            Unavailable: The database cannot be reached.

        """
        async with self._store.read() as views:
            return await views.payment_methods.of(user_id)


@attrs.frozen
class SetDefaultPaymentMethod:
    """Choose the card that is charged when nothing else is said."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _effects: Effects
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Make it the default here, then at the provider, in place of one that is managed elsewhere, too.

        Raises `NotFound` for anything but the user's own card, and `LimitExceeded`.
        """
        await self._attempts.write(user_id)

        async def attempt() -> tuple[Job, ...]:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                before = await work.payment_methods.of(user_id)
                after = before.make_default(id)
                if after != before:
                    await work.payment_methods.save(user_id, after)
                    work.record(DefaultCardChanged(user_id=user_id, at=self._clock.now(), payment_method=id))
                # told even where it is the default here already: at the provider it may be another one
                return (await self._effects.put_default(work, user_id, chosen=id),)

        await self._effects.attempt(*await settle(self._store, attempt))


@attrs.frozen
class RemovePaymentMethod:
    """Take a card away."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _effects: Effects
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Remove the card here, then at the provider; when the provider is away, the outbox keeps that for later.

        When it was the default, the newest card that is left becomes it. Raises `NotFound` for anything but the user's
        own card; the provider is then asked nothing. Raises `LimitExceeded`.
        """
        await self._attempts.write(user_id)

        async def attempt() -> list[Job]:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                before = await work.payment_methods.of(user_id)
                gone, after = before.get(id), before.remove(id)
                await work.payment_methods.save(user_id, after)
                now = self._clock.now()
                work.record(
                    CardRemoved(
                        user_id=user_id,
                        at=now,
                        tell=user.proven_email,
                        payment_method=id,
                        brand=gone.card.brand,
                        last4=gone.card.last4,
                    )
                )
                jobs = [await self._effects.put(work, Topic.DETACH_CARD, payment_method=id)]
                if gone.is_default:
                    promoted = None if after.default is None else after.default.id
                    work.record(DefaultCardChanged(user_id=user_id, at=now, payment_method=promoted))
                    jobs.append(await self._effects.put_default(work, user_id))
                return jobs

        await self._effects.attempt(*await settle(self._store, attempt))


@attrs.frozen
class RetrieveCustomer:
    """Read the user's billing customer from the provider."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _attempts: Attempts
    _effects: Effects

    async def __call__(self, user_id: UserId) -> Customer:
        """Return it as the provider has it, and mirror its balance to the user.

        One that the provider has lost is read again by a worker, which then forgets it here.

        Counts as a write, because the provider is asked. Raises `NotFound` when the user has none yet or the provider
        has lost it, `LimitExceeded` and `ProviderError`.
        """
        await self._attempts.write(user_id)
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        if user is None or user.customer_id is None:
            raise NotFound("billing customer", user_id)
        try:
            customer = await self._payments.retrieve_customer(user.customer_id)
        except NotFound:
            await self._effects.read_lost(user.customer_id)
            raise
        if customer.balance != user.balance:
            await settle(self._store, lambda: self._mirror(user_id, customer))
        return customer

    async def _mirror(self, user_id: UserId, customer: Customer) -> None:
        async with self._store.begin() as work:
            user = await work.users.get(user_id, lock=True)
            if user.customer_id == customer.id and user.balance != customer.balance:
                await work.users.save(user.owe(customer.balance))
