import attrs

from accounts_core.model.events import Actor, SessionsEnded
from accounts_core.model.ids import UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import settle


@attrs.frozen
class EndAllSessions:
    """End every session of a user: for operators (ASVS 5.0, 7.4.5)."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId) -> int:
        """Return how many there were. Raises `NotFound`."""

        async def attempt() -> int:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                count = await work.sessions.remove_of(user_id)
                if count:
                    work.record(SessionsEnded(user_id=user_id, at=self._clock.now(), by=Actor.OPERATOR, count=count))
            return count

        return await settle(self._store, attempt)
