from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.paging import Cursor
from accounts_sql import rows
from accounts_sql.executors import Executor, Reader
from accounts_sql.queries import (
    NO_LIMIT,
    Query,
    a_limit,
    asked,
    at_cursor,
    below_cursor,
    by_moment,
    by_name,
    by_number,
    every,
    scalar,
)
from accounts_sql.tables import notifications

_MINE: Final = notifications.c.user_id == by_number("owner")
_PAGE: Final = (
    sa.select(*rows.NOTIFICATION)
    .where(_MINE)
    .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
    .limit(a_limit())
)
_mark: Final = notifications.alias()
_OWNER: Final = {"owner": notifications.c.user_id}
_OF: Final = Query(_PAGE, every(rows.notification), _OWNER)
_OF_BEFORE: Final = Query(
    _PAGE.where(
        _mark.c.id == by_name("before"),
        _mark.c.user_id == by_number("owner"),
        sa.tuple_(notifications.c.created_at, notifications.c.id) < sa.tuple_(_mark.c.created_at, _mark.c.id),
    ),
    every(rows.notification),
    _OWNER,
)
_ASKED: Final = asked(by_number("owner"))
_COUNT: Final = Query(
    sa.select(sa.func.count(), _ASKED).select_from(notifications).where(_MINE), scalar, {"owner": _ASKED}
)
_OF_BELOW: Final = Query(
    _PAGE.where(below_cursor(notifications.c.created_at, notifications.c.id)), every(rows.notification), _OWNER
)
_ADD: Final = notifications.insert()
# one that was read keeps its time, and still counts as found
_MARK_READ: Final = (
    notifications.update()
    .where(_MINE, notifications.c.id == by_name("this"))
    .values(read_at=sa.func.coalesce(notifications.c.read_at, by_moment("at")))
)
_MARK_ALL_READ: Final = (
    notifications.update().where(_MINE, notifications.c.read_at.is_(None)).values(read_at=by_moment("at"))
)
_REMOVE: Final = notifications.delete().where(_MINE)
_REMOVE_OLDEST: Final = notifications.delete().where(
    notifications.c.id.in_(
        _PAGE.with_only_columns(notifications.c.id).limit(sa.literal_column(str(NO_LIMIT))).offset(a_limit("kept"))
    )
)


@attrs.frozen
class NotificationReads:
    """See `accounts_core.ports.notifications.NotificationReads`."""

    _db: Reader

    async def of(
        self, user_id: UserId, *, limit: int | None = None, before: str | Cursor | None = None
    ) -> Sequence[Notification]:
        at_most = NO_LIMIT if limit is None else limit
        if before is None:
            return await self._db.fetch(_OF, owner=user_id, at_most=at_most)
        if isinstance(before, Cursor):
            return await self._db.fetch(_OF_BELOW, owner=user_id, at_most=at_most, **at_cursor(before))
        return await self._db.fetch(_OF_BEFORE, owner=user_id, at_most=at_most, before=before)


@attrs.frozen
class Notifications(NotificationReads):
    """See `accounts_core.ports.notifications.Notifications`."""

    _db: Executor

    async def add(self, notification: Notification) -> None:
        await self._db.run(_ADD, **rows.notification_values(notification))

    async def mark_read(self, user_id: UserId, id: str, *, at: datetime) -> None:
        if not await self._db.run(_MARK_READ, owner=user_id, this=id, at=at):
            raise NotFound("notification", id)

    async def mark_all_read(self, user_id: UserId, *, at: datetime) -> None:
        await self._db.run(_MARK_ALL_READ, owner=user_id, at=at)

    async def remove_of(self, user_id: UserId) -> int:
        return await self._db.run(_REMOVE, owner=user_id)

    async def remove_oldest_of(self, user_id: UserId, *, keep: int) -> None:
        await self._db.run(_REMOVE_OLDEST, owner=user_id, kept=keep)

    async def count_of(self, user_id: UserId) -> int:
        return await self._db.fetch(_COUNT, owner=user_id)
