import attrs

from accounts_core.errors import NotFound
from accounts_core.model.customer import Customer
from accounts_core.model.ids import UserId
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


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
