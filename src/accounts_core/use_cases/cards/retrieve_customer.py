"""The customer is read from the provider on every call, and its balance is copied to the user."""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.customer import Customer
from accounts_core.model.ids import UserId
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class RetrieveCustomer:
    """Read a user's billing customer from the payment provider."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter

    async def __call__(self, user_id: UserId) -> Customer:
        """Return the user's billing customer as the payment provider has it, and store its balance.

        If the provider no longer has the customer, a worker reads it again and unlinks it from the user.

        Args:
            user_id: The user. The call counts as a change, because it asks the provider.

        Returns:
            The customer. `balance` is in minor units of `currency`; a negative balance is credit.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such user, the user has no customer yet, or the provider no longer has it.
            ProviderError: The provider refused, is busy, or did not answer.

        """
        await self._rate_limits.consume_write(user_id)
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
        if user is None or user.customer_id is None:
            raise NotFound("billing customer", user_id)
        try:
            customer = await self._payments.retrieve_customer(user.customer_id)
        except NotFound:
            await self._outbox.read_lost(user.customer_id)
            raise
        if customer.balance != user.balance:
            await retry_on_conflict(self._store, lambda: self._mirror(user_id, customer))
        return customer

    async def _mirror(self, user_id: UserId, customer: Customer) -> None:
        async with self._store.begin() as work:
            user = await work.users.get(user_id, lock=True)
            if user.customer_id == customer.id and user.balance != customer.balance:
                await work.users.save(user.with_balance(customer.balance))
