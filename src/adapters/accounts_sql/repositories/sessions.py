from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.model.user import User
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements import rows
from accounts_sql.statements.card_rows import CARD
from accounts_sql.statements.queries import (
    NO_LIMIT,
    Paged,
    Query,
    Rows,
    a_limit,
    asked,
    by_moment,
    by_name,
    by_number,
    first,
    scalar,
)
from accounts_sql.tables import payment_methods, sessions, users


def _resolved_with_cards(found: Rows) -> tuple[Session, User, Cards] | None:
    if not found:
        return None
    session, user = rows.resolved(found[0])
    at = rows.RESOLVED_WIDTH
    # for a user without cards the outer join returns one row of NULLs
    cards = Cards([CARD.read(row, at) for row in found if row[at] is not None])
    return session, user, cards


_ITS: Final = {"this": sessions.c.digest}
_RESOLVE: Final = Query(
    sa.select(*rows.USER, *rows.SESSION)
    .join_from(sessions, users, users.c.id == sessions.c.user_id)
    .where(sessions.c.digest == sa.bindparam("this", type_=sa.LargeBinary())),
    first(rows.resolved),
    _ITS,
)
_RESOLVE_WITH_CARDS: Final = Query(
    _RESOLVE.statement.add_columns(*CARD).outerjoin(payment_methods, payment_methods.c.user_id == users.c.id),
    _resolved_with_cards,
    _ITS,
)
_OWNER: Final = asked(by_number("owner"))
_COUNT: Final = Query(
    sa.select(sa.func.count(), _OWNER).select_from(sessions).where(sessions.c.user_id == by_number("owner")),
    scalar,
    {"owner": _OWNER},
)
_MINE: Final = sessions.c.user_id == by_number("owner")
_LIST_OF: Final = Paged(
    sa.select(*rows.SESSION).where(_MINE),
    sessions.c.created_at,
    sessions.c.id,
    rows.SESSION.read,
    {"owner": sessions.c.user_id},
)
_FIND: Final = Query(
    sa.select(*rows.SESSION).where(sessions.c.id == by_name("this")), first(rows.SESSION.read), {"this": sessions.c.id}
)
_REMOVE_OLDEST: Final = sessions.delete().where(
    sessions.c.id.in_(
        sa.select(sessions.c.id)
        .where(_MINE)
        .order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
        .limit(sa.literal_column(str(NO_LIMIT)))
        .offset(a_limit("kept"))
    )
)
_ADD: Final = sessions.insert()
_TOUCH: Final = (
    sessions.update()
    .where(
        sessions.c.id == by_name("this"),
        sa.or_(sessions.c.last_used_at < by_moment("at"), sessions.c.last_used_at > by_moment("ahead_after")),
    )
    .values(last_used_at=by_moment("at"))
)
_BRING_BACK: Final = sessions.update().where(sessions.c.created_at > by_moment("after"))
_REMOVE: Final = sessions.delete().where(sessions.c.id == by_name("this"))
_REMOVE_ALL: Final = sessions.delete().where(sessions.c.user_id == by_number("owner"))
_REMOVE_OTHERS: Final = _REMOVE_ALL.where(sessions.c.id != by_name("keep"))


@attrs.frozen
class SessionReader:
    """See `accounts_core.ports.sessions.SessionReader`."""

    _db: RowFetcher

    async def resolve(self, digest: TokenDigest) -> tuple[Session, User] | None:
        return await self._db.fetch(_RESOLVE, this=digest.reveal())

    async def resolve_with_cards(self, digest: TokenDigest) -> tuple[Session, User, Cards] | None:
        return await self._db.fetch(_RESOLVE_WITH_CARDS, this=digest.reveal())

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Session]:
        return await _LIST_OF.fetch(self._db, limit, before, owner=user_id)

    async def find(self, id: str) -> Session | None:
        return await self._db.fetch(_FIND, this=id)


@attrs.frozen
class Sessions(SessionReader):
    """See `accounts_core.ports.sessions.Sessions`."""

    _db: Executor

    async def add(self, session: Session) -> None:
        await self._db.run(_ADD, **rows.SESSION.values(session))

    async def touch(self, id: str, *, at: datetime) -> None:
        await self._db.run(_TOUCH, this=id, at=at, ahead_after=at + CLOCK_SKEW)

    async def delete(self, id: str) -> None:
        await self._db.run(_REMOVE, this=id)

    async def delete_for_user(self, user_id: UserId, *, keep: str | None = None) -> int:
        if keep is None:
            return await self._db.run(_REMOVE_ALL, owner=user_id)
        return await self._db.run(_REMOVE_OTHERS, owner=user_id, keep=keep)

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        await self._db.run(_REMOVE_OLDEST, owner=user_id, kept=keep)

    async def correct_times(
        self, *, after: datetime, created_at: datetime, used_at: datetime, expires_at: datetime
    ) -> int:
        return await self._db.run(
            _BRING_BACK, after=after, created_at=created_at, last_used_at=used_at, expires_at=expires_at
        )

    async def count_for_user(self, user_id: UserId) -> int:
        return await self._db.fetch(_COUNT, owner=user_id)
