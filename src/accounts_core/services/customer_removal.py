"""What becomes of the provider's customer when its user is deleted.

The provider is asked before the transaction that deletes the user, and again by the job that deletes the customer:
a subscription may begin in between, and what nobody has seen is not deleted.
"""

from contextlib import suppress

import attrs

from accounts_core.errors import Conflict, CustomerInUse, NotFound
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.policy import CustomerDeletion
from accounts_core.model.user import User
from accounts_core.ports.payment_gateway import CustomerUsage, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import OneUnit

SUBSCRIPTIONS = "subscriptions"


@attrs.frozen
class CustomerRemoval:
    """Says what would be lost with a customer, and removes customers as the policy wants it."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _policy: CustomerDeletion

    async def preview(self, user: User) -> DeletionPreview:
        """Return what deleting the user does at the provider. Call it outside any transaction.

        Empty without a customer, when nothing would be lost but its cards, and in a host's open transaction, where no
        provider is asked: there the job alone decides. Raises `ProviderError`.
        """
        is_inside_a_transaction = not self._store.commits and not isinstance(self._store, OneUnit)
        if user.customer_id is None or is_inside_a_transaction:
            return DeletionPreview()
        try:
            usage = await self._payments.inspect_customer(user.customer_id)
        except NotFound:
            return DeletionPreview()
        counts = usage_counts(usage)
        match self._policy:
            case CustomerDeletion.KEEP:
                return DeletionPreview(disassociated=counts)
            case CustomerDeletion.BLOCK if SUBSCRIPTIONS in counts:
                return DeletionPreview(destroyed=counts, blocked_by=(SUBSCRIPTIONS,))
            case _:
                return DeletionPreview(destroyed=counts)

    async def blocked_by(self, user: User) -> tuple[str, ...]:
        """Return what prevents the deletion of the user; asks only if the policy may block. Raises `ProviderError`."""
        return (await self.preview(user)).blocked_by if self._policy is CustomerDeletion.BLOCK else ()

    async def remove(self, customer_id: str, *, unless_used: bool = False) -> None:
        """Delete the customer, or what the policy says; one that is gone is deleted already.

        With `unless_used` it is deleted only when nothing is lost with it. Raises `Conflict` while a card of it is
        being verified, `CustomerInUse`, and `ProviderError`.
        """
        async with self._store.read() as views:
            if await views.verifications.open_of_customer(customer_id):
                raise Conflict("A card of this customer is still being verified.")
        if unless_used or self._policy is CustomerDeletion.BLOCK:
            await self._check_unused(customer_id, everything=unless_used)
        if self._policy is CustomerDeletion.KEEP and not unless_used:
            await self._anonymize(customer_id)
        else:
            await self._payments.delete_customer(customer_id)

    async def remove_of(self, user_ref: str) -> None:
        """Remove the customer of a deleted user whose customer was never known here. Raises what `remove` does."""
        customer = await self._payments.find_customer(user_ref)
        if customer is not None:
            await self.remove(customer.id)

    async def clear_details(self, customer_id: str) -> None:
        """Clear personal data that was told when its user was gone already, where customers are kept."""
        if self._policy is CustomerDeletion.KEEP:
            with suppress(NotFound):
                await self._payments.anonymize_customer(customer_id)

    async def _check_unused(self, customer_id: str, *, everything: bool) -> None:
        try:
            usage = await self._payments.inspect_customer(customer_id)
        except NotFound:
            return
        standing = tuple(name for name in usage_counts(usage) if everything or name == SUBSCRIPTIONS)
        if standing:
            raise CustomerInUse(standing)

    async def _anonymize(self, customer_id: str) -> None:
        """Take away cards and personal data. The reference to the user goes last: by it the rest is found again."""
        try:
            for card in await self._payments.list_payment_methods(customer_id):
                await self._payments.detach(card.id)
            await self._payments.anonymize_customer(customer_id)
        except NotFound:
            return


def usage_counts(usage: CustomerUsage) -> dict[str, int]:
    """Return how many there are of each thing that would be lost, without those of which there is none."""
    counts = {
        SUBSCRIPTIONS: usage.subscriptions,
        "balances": int(usage.balance != 0),
        "other_payment_methods": usage.other_payment_methods,
    }
    return {name: count for name, count in counts.items() if count}
