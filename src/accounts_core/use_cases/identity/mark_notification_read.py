import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts


@attrs.frozen
class MarkNotificationRead:
    """Note that a user has read one notification."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """The first time counts. Raises `NotFound` and `LimitExceeded`."""
        await self._attempts.write(user_id)
        async with self._store.begin() as work:
            await work.notifications.mark_read(user_id, id, at=self._clock.now())
