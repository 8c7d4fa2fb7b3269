"""Column types with the same meaning on both databases.

SQLite's STRICT tables allow only INTEGER, TEXT, BLOB, REAL and ANY, so every type defines a variant for each database.
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
    """Timestamp in microseconds: `timestamptz` on PostgreSQL, an integer of microseconds since 1970 on SQLite.

    Accepts aware datetimes in any time zone and returns them in UTC.
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
        # asyncpg returns UTC; psycopg returns the connection's time zone, which the host application may set
        return None if dialect.driver == "asyncpg" else _to_utc


def _to_microseconds(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def _to_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


Number: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64-bit integer."""

Small: Final = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")

Flag: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")
"""Boolean; SQLite returns 1 and 0."""


class Document(sa.types.TypeDecorator[Any]):
    """JSON value: JSONB on PostgreSQL, text on SQLite, whose STRICT tables have no JSON type.

    PostgreSQL gets and returns it as text, so that it does not matter which JSON functions or codecs the host
    application has given to its engine, its connection or the driver. Django, for one, has psycopg return JSON as text.
    """

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else dialect.type_descriptor(postgresql.JSONB())

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> sa.ColumnElement[Any]:
        if not self._is_jsonb:
            return bindvalue
        return sa.cast(sa.type_coerce(bindvalue, _DocumentText()), postgresql.JSONB)

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.type_coerce(sa.cast(column, sa.Text), self) if self._is_jsonb else column

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any] | None:  # noqa: ARG002  SQLAlchemy's signature
        return json.dumps

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:  # noqa: ARG002  as above
        return _from_json

    @property
    def _is_jsonb(self) -> bool:
        return isinstance(self.impl_instance, postgresql.JSONB)


class _DocumentText(sa.types.TypeDecorator[Any]):
    """The text of a `Document`, as a parameter."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002  as above
        return json.dumps(value)


def _from_json(value: str | None) -> Any:
    # NULL if an outer join found no row
    return None if value is None else json.loads(value)


class JsonText(sa.types.TypeDecorator[str]):
    """JSON as text, both ways: `json` on PostgreSQL, text on SQLite.

    `json` keeps the text as it was written. `jsonb` would write 1e300 as 301 digits, so that a number with a fraction
    came back as an integer, and would forget the order of members. Text goes both ways for the reason that `Document`
    has; and it is decoded only where somebody reads it.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else dialect.type_descriptor(postgresql.JSON())

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> sa.ColumnElement[Any]:
        return sa.cast(sa.type_coerce(bindvalue, sa.Text()), postgresql.JSON) if self._is_json else bindvalue

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.type_coerce(sa.cast(column, sa.Text), sa.Text()) if self._is_json else column

    def bind_processor(self, dialect: sa.Dialect) -> None:  # noqa: ARG002  SQLAlchemy's signature
        return None

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:  # noqa: ARG002  as above
        return None

    @property
    def _is_json(self) -> bool:
        return isinstance(self.impl_instance, postgresql.JSON)


Name: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Identifier text, compared and ordered by code point whatever the database's locale is.

An index with a locale's collation also breaks when the operating system updates that collation.
"""


UNKNOWN_NAME: Final = ""
UNKNOWN_NUMBER: Final = -1


class KnownName(sa.types.TypeDecorator[str]):
    """Text search parameter. Text that cannot be stored finds nothing and is not an error."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        return value if value is None or is_storable(value) else UNKNOWN_NAME


class KnownNumber(sa.types.TypeDecorator[int]):
    """Number search parameter. A number beyond 64 bits finds nothing and is not an error."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        return value if value is None or -(2**63) <= value < 2**63 else UNKNOWN_NUMBER
