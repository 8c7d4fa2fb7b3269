from collections.abc import Sequence
from typing import Generic

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job
from accounts_core.model.passwords import Password
from accounts_core.ports.store import Store
from accounts_core.services.credentials import Proofs
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.erasure import EraseUser, W
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


@attrs.frozen
class DeleteUser(Generic[W]):
    """Delete one's own account for good."""

    _store: Store[W]
    _proofs: Proofs
    _erase: EraseUser[W]
    _customers: CustomerRemoval
    _effects: Effects

    async def __call__(self, user_id: UserId, *, password: str, client: str | None = None) -> None:
        """Delete the user and all that is theirs, in one transaction.

        The password is hashed before the transaction and the stored hash compared again inside it, so that slow hashing
        never holds a lock; the provider is asked in between, too, where the policy wants it. `client` is the address
        that the call comes from. Raises `WrongPassword` on `password`, `LimitExceeded`, `NotFound`, `DeletionBlocked`,
        and `ProviderError` when the provider cannot say whether a subscription is live; then nothing is deleted.
        """
        given = Password(password)

        async def attempt() -> Sequence[Job]:
            async with self._store.read() as views:
                proven = await views.users.find(user_id)
            if proven is None:
                raise NotFound("user", user_id)
            await self._proofs.check(proven, given, client)
            blocked_by = await self._customers.blocked_by(proven)
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                if user.password_hash != proven.password_hash:
                    raise Conflict("The password changed while it was checked.")
                if user.customer_id != proven.customer_id:
                    raise Conflict("The user is billed as another customer now.")
                return await self._erase.erase(work, user, by=Actor.USER, blocked_by=blocked_by)

        await self._effects.attempt(*await settle(self._store, attempt))
