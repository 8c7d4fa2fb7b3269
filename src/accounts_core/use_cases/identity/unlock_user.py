"""Unlock an account after too many wrong passwords in a row (SP 800-63B-4, 3.2.2), as an operator."""

from typing import Generic

import attrs

from accounts_core.model.events import Actor, UserUnlocked
from accounts_core.model.ids import UserId
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class UnlockUser(Generic[D]):
    """Clear the failed sign-ins of a user, for operators."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _profiles: Profiles[D]

    async def __call__(self, user_id: UserId) -> User[D]:
        """Clear the failed sign-ins of a user, so that the right password is accepted again.

        Both the wrong passwords in a row and the attempts that count for this account (`sign-in`) are cleared. The
        audit trail has it first, so that none is cleared without an entry.

        Args:
            user_id: The user.

        Returns:
            The user.

        Raises:
            NotFound: No such user.

        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                work.record(UserUnlocked(user_id=user_id, at=self._clock.now(), by=Actor.OPERATOR))
            return user

        user = await retry_on_conflict(self._store, attempt)
        await self._rate_limits.reset_address(user.email)
        return self._profiles.bind(user)
