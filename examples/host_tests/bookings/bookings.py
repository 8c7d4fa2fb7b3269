"""A host without an event loop: rooms are booked in SQLAlchemy Core, in the transactions of the accounts."""

from collections.abc import Mapping
from typing import Any

import attrs
import sqlalchemy as sa

import accounts_sql
from accounts_core import BlockingAccounts, User, UserId
from accounts_core.model import DeletionPreview
from accounts_sql import SqlUnit

metadata = sa.MetaData()
bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey(accounts_sql.tables_for().users.c.id), nullable=False),
    sa.Column("room", sa.String(40), nullable=False, unique=True),
)


class RoomTaken(Exception):
    """Another user has booked the room."""


@attrs.frozen
class Bookings:
    """The application: sign-up and booking are one transaction."""

    engine: sa.Engine
    accounts: BlockingAccounts

    def sign_up(self, *, email: str, password: str, name: str, room: str) -> User:
        """Open an account and book a room, or neither."""
        with self.engine.begin() as connection:
            user = self.accounts.in_transaction(connection).register(email=email, password=password, name=name)
            _book(connection, user.id, room)
        self.accounts.run_due()
        return user

    def book(self, token: str, room: str) -> None:
        """Book a room for the user who is signed in."""
        caller = self.accounts.authenticate(token)
        with self.engine.begin() as connection:
            _book(connection, caller.user.id, room)

    def rooms_of(self, token: str) -> list[str]:
        """Return the rooms of the user who is signed in."""
        caller = self.accounts.authenticate(token)
        query = sa.select(bookings.c.room).where(bookings.c.user_id == caller.user.id).order_by(bookings.c.room)
        with self.engine.connect() as connection:
            return list(connection.scalars(query))


def _book(connection: sa.Connection, user_id: UserId, room: str) -> None:
    taken = connection.scalar(sa.select(bookings.c.id).where(bookings.c.room == room))
    if taken is not None:
        raise RoomTaken(room)
    connection.execute(bookings.insert().values(user_id=user_id, room=room))


class BookingsOfUser:
    """The bookings of a user, which are deleted and exported together with the account."""

    async def preview(self, work: SqlUnit, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(destroyed={"bookings": len(_rooms(work, user_id))})

    async def export(self, work: SqlUnit, user_id: UserId) -> Mapping[str, Any]:
        return {"bookings": _rooms(work, user_id)}

    async def erase(self, work: SqlUnit, user_id: UserId) -> None:
        work.connection.execute(bookings.delete().where(bookings.c.user_id == user_id))

    async def disassociate(self, work: SqlUnit, user_id: UserId) -> None: ...


def _rooms(work: SqlUnit, user_id: UserId) -> list[str]:
    return list(work.connection.scalars(sa.select(bookings.c.room).where(bookings.c.user_id == user_id)))
