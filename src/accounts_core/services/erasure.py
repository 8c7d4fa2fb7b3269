"""Permanent deletion of a user.

What the user owns is deleted; what the user did in other people's teams stays without an author. A card verification
that is still open is orphaned: its hold is released first, and the provider's customer is deleted afterwards.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import attrs

from accounts_core.errors import Conflict, DeletionBlocked, NotFound
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.events import Actor, UserDeleted
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DeleteCustomerJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import retry_on_conflict

W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen
class PreviewDeletion(Generic[W]):
    """Count what deleting a user would destroy and what it would keep."""

    _store: Store[W]
    _customers: CustomerRemoval
    _owned_data: Sequence[OwnedData[W]]

    async def __call__(self, user_id: UserId) -> DeletionPreview:
        """Count what deleting a user would destroy, leave without an author, or be blocked by.

        At the provider only what exists besides cards is counted: `subscriptions`, `balances` and
        `other_payment_methods`. The provider is not asked for a user without a customer, nor inside the application's
        transaction.

        Args:
            user_id: The user. Nothing is changed.

        Returns:
            The counts by name, and in `blocked_by` the names of what prevents the deletion.

        Raises:
            NotFound: No such user.
            ProviderError: The provider refused, is busy, or did not answer.

        """
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        there = await self._customers.preview(user)
        async with self._store.begin() as work:
            await work.users.get(user_id)
            return await self.count(work, user_id) + there

    async def count(self, work: W, user_id: UserId) -> DeletionPreview:
        """Count what is stored here, in a unit of work.

        Args:
            work: The unit of work; nothing is written.
            user_id: The user.

        Returns:
            The counts of the library's own and the application's data.

        """
        preview = DeletionPreview()
        for owned in self._owned_data:
            preview += await owned.preview(work, user_id)
        return preview


@attrs.frozen
class EraseUser(Generic[W]):
    """Delete a user without reauthentication, for operators and for `DeleteUser`."""

    _store: Store[W]
    _preview: PreviewDeletion[W]
    _customers: CustomerRemoval
    _owned_data: Sequence[OwnedData[W]]
    _outbox: OutboxWriter
    _clock: Clock

    async def __call__(self, user_id: UserId) -> None:
        """Delete a user and everything that belongs to them, without asking for a password.

        The provider's customer is deleted, or kept without personal data if `Policy.customer_deletion` says so, right
        after the commit or by a worker. If an error is raised, nothing is deleted.

        Args:
            user_id: The user to delete.

        Raises:
            NotFound: No such user.
            DeletionBlocked: The application's own data, or a subscription at the provider, prevents the deletion.
            ProviderError: The policy requires to ask for subscriptions, and the provider refused, is busy, or did not
                answer.

        """

        async def attempt() -> Sequence[OutboxJob]:
            async with self._store.reader() as reader:
                seen = await reader.users.find(user_id)
            if seen is None:
                raise NotFound("user", user_id)
            blocked_by = await self._customers.blocked_by(seen)
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                if user.customer_id != seen.customer_id:
                    raise Conflict("The user is billed as another customer now.")
                return await self.erase(work, user, by=Actor.OPERATOR, blocked_by=blocked_by)

        await self._outbox.dispatch_now(*await retry_on_conflict(self._store, attempt))

    async def erase(self, work: W, user: User, *, by: Actor, blocked_by: tuple[str, ...] = ()) -> Sequence[OutboxJob]:
        """Delete a user in a unit of work.

        Args:
            work: The unit of work.
            user: The user, locked in `work`.
            by: Who deletes, for the audit trail.
            blocked_by: What prevents the deletion at the provider, which has to be asked before the unit of work.

        Returns:
            The jobs to perform once the unit has committed.

        Raises:
            DeletionBlocked: Something in `blocked_by`, or the application's own data, prevents the deletion.

        """
        blocked_by = (await self._preview.count(work, user.id)).blocked_by + blocked_by
        if blocked_by:
            raise DeletionBlocked(blocked_by)
        now = self._clock.now()
        work.record(UserDeleted(user_id=user.id, at=now, by=by))
        for owned in self._owned_data:
            await owned.erase(work, user.id)
        for owned in self._owned_data:
            await owned.disassociate(work, user.id)
        orphaned = await work.verifications.list_open_for_user(user.id)
        for verification in orphaned:
            await work.verifications.save(verification.orphan(at=now))
        await work.verifications.delete_ended_for_user(user.id)
        await work.users.delete(user.id)
        if orphaned:  # a worker waits for the holds; a customer may exist whose id was never stored
            user_ref = user.hex_id if user.customer_id is None else None
            await self._outbox.enqueue_for_worker(work, DeleteCustomerJob(customer=user.customer_id, user_ref=user_ref))
            return ()
        if user.customer_id is None:
            return ()
        return (await self._outbox.enqueue(work, DeleteCustomerJob(customer=user.customer_id)),)
