from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import Cursor
from accounts_core.ports.notifications import NotificationReader, Notifications

from .pages import page_below
from .schema import Tables, Workspace


class MemoryNotificationReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Notification]:
        rows = self._tables().notifications.find("user_id", user_id)
        return page_below(rows, order=_time_and_id, limit=limit, before=before)

    async def find(self, id: str) -> Notification | None:
        return self._tables().notifications.get(id)


def _time_and_id(notification: Notification) -> tuple[datetime, str]:
    return notification.created_at, notification.id


class MemoryNotifications(MemoryNotificationReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, notification: Notification) -> None:
        self._workspace().notifications.add(notification)

    async def mark_read(self, user_id: UserId, id: str, *, at: datetime) -> None:
        notifications = self._workspace().notifications
        notification = notifications.get(id)
        if notification is None or notification.user_id != user_id:
            raise NotFound("notification", id)
        if notification.read_at is None:
            notifications.put(attrs.evolve(notification, read_at=at))

    async def mark_all_read(self, user_id: UserId, *, at: datetime) -> None:
        notifications = self._workspace().notifications
        for notification in notifications.find("user_id", user_id):
            if notification.read_at is None:
                notifications.put(attrs.evolve(notification, read_at=at))

    async def delete(self, user_id: UserId, id: str) -> None:
        notifications = self._workspace().notifications
        notification = notifications.get(id)
        if notification is None or notification.user_id != user_id:
            raise NotFound("notification", id)
        notifications.drop(notification)

    async def delete_for_user(self, user_id: UserId) -> int:
        notifications = self._workspace().notifications
        rows = list(notifications.find("user_id", user_id))
        for notification in rows:
            notifications.drop(notification)
        return len(rows)

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        rows = self._workspace().notifications.find("user_id", user_id)
        for notification in sorted(rows, key=_time_and_id, reverse=True)[keep:]:
            self._workspace().notifications.drop(notification)

    async def count_for_user(self, user_id: UserId) -> int:
        return sum(1 for _ in self._workspace().notifications.find("user_id", user_id))


_reads: type[NotificationReader] = MemoryNotificationReader
_notifications: type[Notifications] = MemoryNotifications
