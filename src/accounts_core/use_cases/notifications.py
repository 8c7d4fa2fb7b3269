from collections.abc import Sequence

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts


@attrs.frozen
class ListNotifications:
    """Read a user's notifications."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int | None = None, before: str | None = None
    ) -> Sequence[Notification]:
        """Return them newest first: all, or at most `limit`, from the one after `before` on."""
        async with self._store.read() as views:
            return await views.notifications.of(user_id, limit=limit, before=before)


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


@attrs.frozen
class MarkAllNotificationsRead:
    """Note that a user has read all their notifications."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId) -> None:
        """Raises `LimitExceeded`."""
        await self._attempts.write(user_id)
        async with self._store.begin() as work:
            await work.notifications.mark_all_read(user_id, at=self._clock.now())
