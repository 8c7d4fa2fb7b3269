"""Deactivate an account: nothing is lost, and nobody can sign in to it until it is restored (ASVS 5.0, 7.4.2)."""

from typing import Generic

import attrs

from accounts_core.model.events import Actor, UserDeactivated
from accounts_core.model.ids import UserId
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profiles import Profiles
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class Deactivate(Generic[D]):
    """Deactivate an account without deleting anything of it."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _profiles: Profiles[D]

    async def __call__(self, user_id: UserId, *, by: Actor = Actor.USER) -> User[D]:
        """Deactivate an account, end its sessions and void its mailed tokens.

        The user is notified by mail if the address is verified. `restore` reactivates the account with its password,
        `reinstate` without.

        Args:
            user_id: The user.
            by: Who does it, for the audit trail.

        Returns:
            The deactivated user.

        Raises:
            NotFound: No such user.
            AccountDeactivated: The account is deactivated already.

        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                now = self._clock.now()
                user = (await work.users.get(user_id, lock=True)).deactivate(at=now)
                saved = await work.users.save(user)
                await work.sessions.delete_for_user(user_id)
                await work.mail_tokens.delete_for_user(user_id)
                work.record(UserDeactivated(user_id=user_id, at=now, by=by, tell=user.verified_email))
            return saved

        return self._profiles.bind(await retry_on_conflict(self._store, attempt))
