"""Read the notifications that the product shows to a user, such as an invitation to a team."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import DEFAULT_NOTIFICATIONS, Cursor, Page
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


@attrs.frozen
class ListNotifications:
    """List the notifications of a user."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_NOTIFICATIONS, before: str | None = None
    ) -> Page[Notification]:
        """List the notifications of a user, the newest first.

        Args:
            user_id: The user.
            limit: The most notifications to return; less than 1 returns none.
            before: Where to go on: `next` of the page before, or the id of one of these notifications; None begins at
                the newest.

        Returns:
            A page of notifications, read and unread; its `next` is None on the last page.

        Raises:
            Invalid: On `before`, which is neither a cursor of this list nor the id of a notification of this user.

        """
        async with self._store.reader() as reader:

            async def find(id: str) -> Cursor | None:
                notification = await reader.notifications.find(id)
                return None if notification is None or notification.user_id != user_id else _cursor(notification)

            return await Listed(
                name=f"notifications of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: reader.notifications.list_for_user(user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)


def _cursor(notification: Notification) -> Cursor:
    return Cursor(notification.created_at, notification.id)
