from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import Cursor
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements import rows
from accounts_sql.statements.queries import (
    NO_LIMIT,
    Paged,
    Query,
    a_limit,
    asked,
    by_moment,
    by_name,
    by_number,
    first,
    scalar,
)
from accounts_sql.tables import notifications

_MINE: Final = notifications.c.user_id == by_number("owner")
_OF: Final = Paged(
    sa.select(*rows.NOTIFICATION).where(_MINE),
    notifications.c.created_at,
    notifications.c.id,
    rows.NOTIFICATION.read,
    {"owner": notifications.c.user_id},
)
_FIND: Final = Query(
    sa.select(*rows.NOTIFICATION).where(notifications.c.id == by_name("this")),
    first(rows.NOTIFICATION.read),
    {"this": notifications.c.id},
)
_ASKED: Final = asked(by_number("owner"))
_COUNT: Final = Query(
    sa.select(sa.func.count(), _ASKED).select_from(notifications).where(_MINE), scalar, {"owner": _ASKED}
)
_ADD: Final = notifications.insert()
# a notification that was read before keeps its time, and counts as found
_MARK_READ: Final = (
    notifications.update()
    .where(_MINE, notifications.c.id == by_name("this"))
    .values(read_at=sa.func.coalesce(notifications.c.read_at, by_moment("at")))
)
_MARK_ALL_READ: Final = (
    notifications.update().where(_MINE, notifications.c.read_at.is_(None)).values(read_at=by_moment("at"))
)
_REMOVE: Final = notifications.delete().where(_MINE)
_REMOVE_ONE: Final = _REMOVE.where(notifications.c.id == by_name("this"))
_REMOVE_OLDEST: Final = notifications.delete().where(
    notifications.c.id.in_(
        sa.select(notifications.c.id)
        .where(_MINE)
        .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
        .limit(sa.literal_column(str(NO_LIMIT)))
        .offset(a_limit("kept"))
    )
)


@attrs.frozen
class NotificationReader:
    """See `accounts_core.ports.notifications.NotificationReader`."""

    _db: RowFetcher

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Notification]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)

    async def find(self, id: str) -> Notification | None:
        return await self._db.fetch(_FIND, this=id)


@attrs.frozen
class Notifications(NotificationReader):
    """See `accounts_core.ports.notifications.Notifications`."""

    _db: Executor

    async def add(self, notification: Notification) -> None:
        await self._db.run(_ADD, **rows.NOTIFICATION.values(notification))

    async def mark_read(self, user_id: UserId, id: str, *, at: datetime) -> None:
        if not await self._db.run(_MARK_READ, owner=user_id, this=id, at=at):
            raise NotFound("notification", id)

    async def mark_all_read(self, user_id: UserId, *, at: datetime) -> None:
        await self._db.run(_MARK_ALL_READ, owner=user_id, at=at)

    async def delete(self, user_id: UserId, id: str) -> None:
        if not await self._db.run(_REMOVE_ONE, owner=user_id, this=id):
            raise NotFound("notification", id)

    async def delete_for_user(self, user_id: UserId) -> int:
        return await self._db.run(_REMOVE, owner=user_id)

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        await self._db.run(_REMOVE_OLDEST, owner=user_id, kept=keep)

    async def count_for_user(self, user_id: UserId) -> int:
        return await self._db.fetch(_COUNT, owner=user_id)
