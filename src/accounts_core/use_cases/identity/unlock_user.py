"""Letting somebody sign in again after too many wrong passwords."""

import attrs

from accounts_core.model.events import Actor, UserUnlocked
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle


@attrs.frozen
class UnlockUser:
    """End the row of wrong passwords for an account: for operators."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId) -> User:
        """Forget the passwords that were tried for the user's address, and return the user.

        It is written down first, so that none is forgotten without a trace. Raises `NotFound`.
        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                work.record(UserUnlocked(user_id=user_id, at=self._clock.now(), by=Actor.OPERATOR))
            return user

        user = await settle(self._store, attempt)
        await self._attempts.clear_address(user.email)
        return user
