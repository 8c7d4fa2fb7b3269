"""Deleting a user for good.

What the user owns goes; what the user did among others stays, without saying who did it. A card verification that is
still open stays behind without its user: its hold has to be let go first, and only then the provider's customer is
deleted.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import attrs

from accounts_core.errors import Conflict, DeletionBlocked, NotFound
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.events import Actor, UserDeleted
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job, Topic
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle

W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen
class PreviewDeletion(Generic[W]):
    """Say beforehand what deleting a user would destroy and what it would keep."""

    _store: Store[W]
    _customers: CustomerRemoval
    _owned_data: Sequence[OwnedData[W]]

    async def __call__(self, user_id: UserId) -> DeletionPreview:
        """Count: at the provider first, then in one transaction what is stored here.

        What goes on at the provider is named only where there is something beside cards: `subscriptions`, `balances`,
        `other_payment_methods`. Raises `NotFound`, and `ProviderError` when the provider cannot say.
        """
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        there = await self._customers.preview(user)
        async with self._store.begin() as work:
            await work.users.get(user_id)
            return await self.count(work, user_id) + there

    async def count(self, work: W, user_id: UserId) -> DeletionPreview:
        """Count what is stored here, within a unit of work."""
        preview = DeletionPreview()
        for owned in self._owned_data:
            preview += await owned.preview(work, user_id)
        return preview


@attrs.frozen
class EraseUser(Generic[W]):
    """Delete a user without asking for the password: for operators, and for `DeleteUser`, which asks."""

    _store: Store[W]
    _preview: PreviewDeletion[W]
    _customers: CustomerRemoval
    _owned_data: Sequence[OwnedData[W]]
    _effects: Effects
    _clock: Clock

    async def __call__(self, user_id: UserId) -> None:
        """Delete the user and all that is theirs.

        Raises `NotFound`, `DeletionBlocked`, and `ProviderError` when the provider is away and has to be asked whether
        a subscription prevents it; then nothing is deleted.
        """

        async def attempt() -> Sequence[Job]:
            async with self._store.read() as views:
                seen = await views.users.find(user_id)
            if seen is None:
                raise NotFound("user", user_id)
            blocked_by = await self._customers.blocked_by(seen)
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                if user.customer_id != seen.customer_id:
                    raise Conflict("The user is billed as another customer now.")
                return await self.erase(work, user, by=Actor.OPERATOR, blocked_by=blocked_by)

        await self._effects.attempt(*await settle(self._store, attempt))

    async def erase(self, work: W, user: User, *, by: Actor, blocked_by: tuple[str, ...] = ()) -> Sequence[Job]:
        """Delete `user`, who is locked, and return the effects to attempt once the unit has committed.

        `blocked_by` is what prevents it at the provider, which is asked beforehand. Raises `DeletionBlocked`.
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
        doomed = await work.verifications.open_of(user.id)
        for verification in doomed:
            await work.verifications.save(verification.doom(at=now))
        await work.verifications.remove_ended_of(user.id)
        await work.users.remove(user.id)
        if doomed:  # a worker has to wait for the holds; a customer may have been made whose id nobody heard
            known = {"user_ref": user.hex_id} if user.customer_id is None else {"customer": user.customer_id}
            await self._effects.put_for_worker(work, Topic.DELETE_CUSTOMER, **known)
            return ()
        if user.customer_id is None:
            return ()
        return (await self._effects.put(work, Topic.DELETE_CUSTOMER, customer=user.customer_id),)
