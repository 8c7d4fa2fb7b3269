"""End every session of one user, as an operator (ASVS 5.0, 7.4.5)."""

import attrs

from accounts_core.model.events import Actor, SessionsEnded
from accounts_core.model.ids import UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class EndAllSessions:
    """End every session of a user, for operators."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId) -> int:
        """End every session of a user without asking for their password.

        Args:
            user_id: The user.

        Returns:
            The number of sessions that were ended, expired ones included.

        Raises:
            NotFound: No such user.

        """

        async def attempt() -> int:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                count = await work.sessions.delete_for_user(user_id)
                if count:
                    work.record(SessionsEnded(user_id=user_id, at=self._clock.now(), by=Actor.OPERATOR, count=count))
            return count

        return await retry_on_conflict(self._store, attempt)
