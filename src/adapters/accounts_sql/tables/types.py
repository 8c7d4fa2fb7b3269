"""Column types that mean the same on both databases.

STRICT tables of SQLite know INTEGER, TEXT, BLOB, REAL and ANY alone, so every type says both spellings.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from accounts_core.model.text import is_storable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment to the microsecond: `timestamptz` on PostgreSQL, whole microseconds since 1970 on SQLite.

    Takes aware datetimes in any zone, and gives aware ones in UTC.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Integer() if dialect.name == "sqlite" else sa.DateTime(timezone=True)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any] | None:
        return _to_microseconds if dialect.name == "sqlite" else None

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:  # noqa: ARG002  SQLAlchemy's signature
        if dialect.name == "sqlite":
            return _from_microseconds
        # asyncpg always gives UTC; psycopg gives the connection's time zone, which is the host's to set
        return None if dialect.driver == "asyncpg" else _to_utc


def _to_microseconds(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def _to_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


Number: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A whole number of 64 bits."""

Small: Final = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")

Flag: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")
"""True or false; SQLite gives 1 and 0."""


class Document(sa.types.TypeDecorator[Any]):
    """A JSON value: JSONB on PostgreSQL, text on SQLite, whose STRICT tables know no JSON."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else dialect.type_descriptor(postgresql.JSONB())

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
        return json.dumps if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _from_json if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _from_json(value: str | None) -> Any:
    # nothing where an outer join found no row
    return None if value is None else json.loads(value)


Name: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that identifies: compared and ordered by code point, whatever the database's language is.

An index under a language's collation also breaks when the operating system's tables of that language change.
"""


UNKNOWN_NAME: Final = ""
UNKNOWN_NUMBER: Final = -1


class KnownName(sa.types.TypeDecorator[str]):
    """A name that is looked up. What no store can keep is no error here: it is simply not found."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        return value if value is None or is_storable(value) else UNKNOWN_NAME


class KnownNumber(sa.types.TypeDecorator[int]):
    """A number that is looked up. What does not fit into 64 bits is no error here: it is simply not found."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        return value if value is None or -(2**63) <= value < 2**63 else UNKNOWN_NUMBER
