from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import AccountsError, Conflict, EmailTaken, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.connections.translation import is_about
from accounts_sql.repositories.numbering import numbering
from accounts_sql.statements import rows
from accounts_sql.statements.queries import Query, Rows, a_limit, asked, by_moment, by_name, by_number, every, first
from accounts_sql.tables import sessions, user_ids, users

_IT: Final = {"this": users.c.id}
_FIND: Final = Query(sa.select(*rows.USER).where(users.c.id == by_number("this")), first(rows.USER.read), _IT)
# FOR NO KEY UPDATE does not block inserts of rows that refer to the user, such as a session, so two units of work that
# each added one cannot deadlock here
_LOCK: Final = Query(_FIND.statement.with_for_update(key_share=True), first(rows.USER.read), _IT)


def _if_address_matches(found: Rows) -> User | None:
    if not found:
        return None
    user = rows.USER.read(found[0])
    return user if user.email.key == found[0][len(rows.USER)] else None


# Selects the user with the address or, if there is none, the next one by key (wrapping around), so that the work in the
# database and in the mapping does not reveal whether the address exists.
_NEXT: Final = sa.select(users.c.id).order_by(users.c.email_key).limit(1)
_KEY: Final = asked(by_name("key"))
_FIND_BY_EMAIL: Final = Query(
    sa.select(*rows.USER, _KEY).where(
        users.c.id
        == sa.func.coalesce(_NEXT.where(users.c.email_key >= by_name("key")).scalar_subquery(), _NEXT.scalar_subquery())
    ),
    _if_address_matches,
    {"key": _KEY},
)
_FIND_BY_CUSTOMER: Final = Query(
    sa.select(*rows.USER).where(users.c.customer_id == by_name("customer")),
    first(rows.USER.read),
    {"customer": users.c.customer_id},
)
_LIST_BILLED: Final = Query(
    sa.select(*rows.USER)
    .where(users.c.customer_id.is_not(None), users.c.id > by_number("after"))
    .order_by(users.c.id)
    .limit(a_limit()),
    every(rows.USER.read),
)
_LIST_UNVERIFIED: Final = Query(
    sa.select(*rows.USER)
    .where(
        users.c.email_verified_at.is_(None),
        ~users.c.was_verified,
        users.c.customer_id.is_(None),
        users.c.created_at < by_moment("before"),
        users.c.id > by_number("after"),
        ~sa.exists().where(sessions.c.user_id == users.c.id),
    )
    .order_by(users.c.id)
    .limit(a_limit()),
    every(rows.USER.read),
)
_NEXT_ID: Final = numbering("users", user_ids)
_ADD: Final = users.insert()
_SAVE: Final = users.update().where(users.c.id == by_number("this"), users.c.version == by_number("seen"))
_REMOVE: Final = users.delete().where(users.c.id == by_number("this"))


@attrs.frozen
class UserReader:
    """See `accounts_core.ports.users.UserReader`."""

    _db: RowFetcher

    async def find(self, id: UserId) -> User | None:
        return await self._db.fetch(_FIND, this=id)

    async def find_by_email(self, email: EmailAddress) -> User | None:
        return await self._db.fetch(_FIND_BY_EMAIL, key=email.key)

    async def find_by_customer(self, customer_id: str) -> User | None:
        return await self._db.fetch(_FIND_BY_CUSTOMER, customer=customer_id)

    async def list_unverified(
        self, *, created_before: datetime, after: UserId | None = None, limit: int
    ) -> Sequence[User]:
        return await self._db.fetch(_LIST_UNVERIFIED, before=created_before, after=after or 0, at_most=limit)

    async def list_with_customer(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        return await self._db.fetch(_LIST_BILLED, after=after or 0, at_most=limit)


@attrs.frozen
class Users(UserReader):
    """See `accounts_core.ports.users.Users`."""

    _db: Executor

    async def next_id(self) -> UserId:
        return UserId(await self._db.fetch(_NEXT_ID[self._db.dialect]))

    async def add(self, user: User) -> None:
        try:
            await self._db.run(_ADD, **rows.USER.values(user))
        except Conflict as error:
            raise _explained(error, user) from error.__cause__

    async def get(self, id: UserId, *, lock: bool = False) -> User:
        user = await self._db.fetch(_LOCK if lock else _FIND, this=id)
        if user is None:
            raise NotFound("user", id)
        return user

    async def save(self, user: User) -> User:
        saved = attrs.evolve(user, version=user.version + 1)
        try:
            touched = await self._db.run(_SAVE, this=user.id, seen=user.version, **rows.USER.values(saved))
        except Conflict as error:
            raise _explained(error, user) from error.__cause__
        if not touched:
            raise Conflict("The user was changed or deleted concurrently.")
        return saved

    async def delete(self, id: UserId) -> None:
        try:
            await self._db.run(_REMOVE, this=id)
        except Conflict as error:
            raise await self._db.explained(error, users.name, id) from error.__cause__


def _explained(error: Conflict, user: User) -> AccountsError:
    return EmailTaken(user.email.address) if is_about(error, "email_key") else error
