"""Port: notifications, the messages that a user sees in the product.

Called by the notification use cases, and where an invitation is sent, accepted or found. A notification belongs to one
user; other users cannot read, mark or delete it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import Cursor


class NotificationReader(Protocol):
    """Reads of notifications."""

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Notification]:
        """Return notifications of a user, the newest first (ties by id, descending).

        Args:
            user_id: The user; an unknown one has no notifications.
            limit: The most notifications to return.
            before: Only notifications below this position, whether or not there is a notification at it.

        Returns:
            The notifications, read or not.

        """
        ...

    async def find(self, id: str) -> Notification | None:
        """Return the notification with this id, of any user, or None."""
        ...


class Notifications(NotificationReader, Protocol):
    """The notifications in one transaction."""

    async def add(self, notification: Notification) -> None:
        """Add a notification.

        Raises:
            Conflict: Here or at commit: the user is gone.

        """
        ...

    async def mark_read(self, user_id: UserId, id: str, *, at: datetime) -> None:
        """Set `read_at` of a notification; one that was read before keeps its time.

        Raises:
            NotFound: The user has no such notification.

        """
        ...

    async def mark_all_read(self, user_id: UserId, *, at: datetime) -> None:
        """Set `read_at` of every unread notification of the user."""
        ...

    async def delete(self, user_id: UserId, id: str) -> None:
        """Delete a notification.

        Raises:
            NotFound: The user has no such notification.

        """
        ...

    async def delete_for_user(self, user_id: UserId) -> int:
        """Delete every notification of the user, and return how many there were."""
        ...

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        """Delete all notifications of the user but the newest `keep`, in the order of `list_for_user`."""
        ...

    async def count_for_user(self, user_id: UserId) -> int:
        """Return the number of the user's notifications, read or not."""
        ...
