"""Delete the user's own account: it cannot be undone, so it always takes the password (ASVS 5.0, 7.5.3)."""

from collections.abc import Sequence
from typing import Generic

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.passwords import Password
from accounts_core.ports.store import Store
from accounts_core.services.credentials import Reauthentication
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.erasure import EraseUser, W
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class DeleteUser(Generic[W]):
    """Delete the caller's own account for good."""

    _store: Store[W]
    _reauthentication: Reauthentication
    _erase: EraseUser[W]
    _customers: CustomerRemoval
    _outbox: OutboxWriter

    async def __call__(self, user_id: UserId, *, password: str, client: str | None = None) -> None:
        """Delete a user and everything that belongs to them, in one transaction.

        Teams that the user owns are deleted; what the user wrote in other teams stays without an author.

        Before the transaction the password is checked and the payment provider is asked for subscriptions, so that no
        lock is held meanwhile; if the stored password or customer has changed by then, both are done again. The
        provider is asked only if `Policy.customer_deletion` is `BLOCK`, and never within the host application's own
        transaction.

        Args:
            user_id: The user.
            password: The user's password, at most 1,024 bytes of UTF-8.
            client: The IP address of the client, for rate limits; None if it is not known.

        Raises:
            WrongPassword: On `password`, which is not the user's.
            Invalid: On `password`, which is too long or has characters that no password can have.
            NotFound: No such user.
            DeletionBlocked: Data of the host application, or a subscription at the payment provider, prevents the
                deletion.
            RateLimitExceeded: Too many passwords were tried for this account (`sign-in`).
            TooManyFailures: Too many wrong passwords in a row were tried for this account.
            ProviderError: The payment provider did not say whether the user has a subscription; nothing was deleted.

        """
        typed = Password(password)

        async def attempt() -> Sequence[OutboxJob]:
            async with self._store.reader() as reader:
                proven = await reader.users.find(user_id)
            if proven is None:
                raise NotFound("user", user_id)
            await self._reauthentication.check(proven, typed, client)
            blocked_by = await self._customers.blocked_by(proven)
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                if user.password_hash != proven.password_hash:
                    raise Conflict("The password changed while it was checked.")
                if user.customer_id != proven.customer_id:
                    raise Conflict("The user is billed as another customer now.")
                return await self._erase.erase(work, user, by=Actor.USER, blocked_by=blocked_by)

        await self._outbox.dispatch_now(*await retry_on_conflict(self._store, attempt))
