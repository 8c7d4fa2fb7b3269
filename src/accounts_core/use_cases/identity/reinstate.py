"""Restore a deactivated account as an operator, for somebody who cannot use its password."""

from typing import Generic

import attrs

from accounts_core.model.events import Actor, UserRestored
from accounts_core.model.ids import UserId
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profiles import Profiles
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class Reinstate(Generic[D]):
    """Restore a deactivated account without its password, for operators."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _profiles: Profiles[D]

    async def __call__(self, user_id: UserId) -> User[D]:
        """Make a deactivated account active again, as it was before; an active one stays as it is.

        No session is opened. The user is notified by mail if the address is verified.

        Args:
            user_id: The user.

        Returns:
            The active user.

        Raises:
            NotFound: No such user.

        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                now = self._clock.now()
                user = await work.users.get(user_id, lock=True)
                if user.is_active:
                    return user
                work.record(UserRestored(user_id=user_id, at=now, by=Actor.OPERATOR, tell=user.verified_email))
                return await work.users.save(user.restore(at=now))

        return self._profiles.bind(await retry_on_conflict(self._store, attempt))
