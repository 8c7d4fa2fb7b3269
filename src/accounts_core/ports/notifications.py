from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import Cursor


class NotificationReads(Protocol):
    """Reading notifications."""

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Notification]:
        """Return at most `limit` notifications of the user, newest first (ties by id, descending).

        After a `Cursor` come those below it, whether or not there is a notification at it.
        """
        ...

    async def find(self, id: str) -> Notification | None:
        """Return the notification, whoever's it is, or None."""
        ...


class Notifications(NotificationReads, Protocol):
    """The notifications of one transaction."""

    async def add(self, notification: Notification) -> None:
        """Add a notification. Raises `Conflict`, here or at commit, when its user is gone."""
        ...

    async def mark_read(self, user_id: UserId, id: str, *, at: datetime) -> None:
        """Set `read_at` of one that was not read yet; one that was keeps its time.

        Raises `NotFound` when the user has no such notification.
        """
        ...

    async def mark_all_read(self, user_id: UserId, *, at: datetime) -> None:
        """Set `read_at` of every one that was not read yet."""
        ...

    async def delete(self, user_id: UserId, id: str) -> None:
        """Delete one. Raises `NotFound` when the user has no such notification."""
        ...

    async def remove_of(self, user_id: UserId) -> int:
        """Remove every notification of the user; return how many there were."""
        ...

    async def remove_oldest_of(self, user_id: UserId, *, keep: int) -> None:
        """Remove all notifications of the user but the newest `keep`, in the order of `of`."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """Count the user's notifications."""
        ...
