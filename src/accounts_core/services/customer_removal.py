"""Removal of the provider's customer of a deleted user.

The provider is asked before the transaction that deletes the user, and again by the job that deletes the customer: a
subscription may start in between, and it must not be deleted unnoticed.
"""

from contextlib import suppress

import attrs

from accounts_core.errors import Conflict, CustomerInUse, NotFound
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.policy import CustomerDeletion
from accounts_core.model.user import User
from accounts_core.ports.payment_gateway import CustomerUsage, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import SingleUnitStore

SUBSCRIPTIONS = "subscriptions"
"""Name of subscriptions in previews and in `DeletionBlocked.by`."""


@attrs.frozen
class CustomerRemoval:
    """Inspects and removes customers as `Policy.customer_deletion` says."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _policy: CustomerDeletion

    async def preview(self, user: User) -> DeletionPreview:
        """Return what deleting the user does at the provider.

        Call it outside of any transaction. It is empty without a customer, if only cards would be lost, and inside the
        application's transaction, where the provider is not asked and the job decides alone.

        Raises:
            ProviderError: The provider refused, is busy, or did not answer.

        """
        is_inside_a_transaction = not self._store.commits and not isinstance(self._store, SingleUnitStore)
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
        """Return what prevents the deletion of the user; the provider is asked only if the policy may block.

        Raises:
            ProviderError: The provider refused, is busy, or did not answer.

        """
        return (await self.preview(user)).blocked_by if self._policy is CustomerDeletion.BLOCK else ()

    async def remove(self, customer_id: str, *, unless_used: bool = False) -> None:
        """Delete or anonymize the customer, as the policy says; one that does not exist is skipped.

        Args:
            customer_id: The provider's customer id.
            unless_used: Delete it only if nothing besides cards is lost with it, whatever the policy.

        Raises:
            Conflict: One of its cards is being verified.
            CustomerInUse: Something would be lost with it that must not be.
            ProviderError: The provider refused, is busy, or did not answer.

        """
        async with self._store.reader() as reader:
            if await reader.verifications.list_open_for_customer(customer_id):
                raise Conflict("A card of this customer is still being verified.")
        if unless_used or self._policy is CustomerDeletion.BLOCK:
            await self._check_unused(customer_id, everything=unless_used)
        if self._policy is CustomerDeletion.KEEP and not unless_used:
            await self._anonymize(customer_id)
        else:
            await self._payments.delete_customer(customer_id)

    async def remove_customers_of(self, user_ref: str) -> None:
        """Remove the customer of a deleted user whose customer id was never stored here.

        Args:
            user_ref: The deleted user's `hex_id`.

        Raises:
            Conflict: One of its cards is being verified.
            CustomerInUse: Something would be lost with it that must not be.
            ProviderError: The provider refused, is busy, or did not answer.

        """
        customer = await self._payments.find_customer(user_ref)
        if customer is not None:
            await self.remove(customer.id)

    async def clear_details(self, customer_id: str) -> None:
        """Clear personal data that was sent when its user was deleted already, where customers are kept.

        Raises:
            ProviderError: The provider refused, is busy, or did not answer.

        """
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
        """Remove cards and personal data. The user's reference goes last, because a repeat finds the customer by it."""
        try:
            for card in await self._payments.list_payment_methods(customer_id):
                await self._payments.detach(card.id)
            await self._payments.anonymize_customer(customer_id)
        except NotFound:
            return


def usage_counts(usage: CustomerUsage) -> dict[str, int]:
    """Return how many there are of each thing that would be lost, without zeros."""
    counts = {
        SUBSCRIPTIONS: usage.subscriptions,
        "balances": int(usage.balance != 0),
        "other_payment_methods": usage.other_payment_methods,
    }
    return {name: count for name, count in counts.items() if count}
