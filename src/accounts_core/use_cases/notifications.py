import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import DEFAULT_NOTIFICATIONS, Cursor, Page
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.paging import Listed
from accounts_core.use_cases.retrying import settle


@attrs.frozen
class ListNotifications:
    """Read a user's notifications."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_NOTIFICATIONS, before: str | None = None
    ) -> Page[Notification]:
        """Return at most `limit`, newest first, from the position or the id `before` on. Raises `Invalid` on it."""
        async with self._store.read() as views:

            async def find(id: str) -> Cursor | None:
                notification = await views.notifications.find(id)
                return None if notification is None or notification.user_id != user_id else _cursor(notification)

            return await Listed(
                name=f"notifications of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: views.notifications.of(user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)


def _cursor(notification: Notification) -> Cursor:
    return Cursor(notification.created_at, notification.id)


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
