import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle


@attrs.frozen
class DeleteNotification:
    """Delete one of a user's notifications."""

    _store: Store[UnitOfWork]
    _attempts: Attempts

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Raises `NotFound` when the user has no such notification, and `LimitExceeded`."""
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await work.notifications.delete(user_id, id)

        await settle(self._store, attempt)
