"""A read, written once: its statement, and what its rows mean.

Inside a unit of work SQLAlchemy runs it. A lone read runs on the driver's own connection, without SQLAlchemy's
execution: then `Compiled` gives the SQL text of one dialect, and the conversions of values that SQLAlchemy would have
made on the way in and out.
"""

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa

from accounts_core.errors import AnswerMismatch
from accounts_core.model.paging import Cursor
from accounts_core.model.text import is_storable
from accounts_sql.tables.types import UNKNOWN_NAME, UNKNOWN_NUMBER, KnownName, KnownNumber, Moment

T = TypeVar("T")

Row: TypeAlias = Sequence[Any]
Rows: TypeAlias = Sequence[Row]


class Query(Generic[T]):
    """`statement` is anything that returns rows; `decode` takes them all.

    `repeated` names the columns by which every row says again what was asked: `{"this": users.c.id}` where the
    parameter `this` is looked up. Where no column does, `asked` makes one.
    """

    def __init__(
        self,
        statement: sa.ReturnsRows,
        decode: Callable[[Rows], T],
        repeated: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> None:
        self.statement: Any = statement
        self.decode = decode
        self._compiled: dict[tuple[str, str, str | None], Compiled] = {}
        columns: list[Any] = list(self.statement.exported_columns)
        self._width = len(columns)
        self._repeated = tuple((_place(column, columns), name) for name, column in (repeated or {}).items())

    def check(self, rows: Rows, asked: Mapping[str, Any]) -> None:
        """Compare the rows, as the driver gave them, with what was asked.

        Raises:
            AnswerMismatch: They are the answer to something else.

        """
        for row in rows:
            if len(row) != self._width:
                raise AnswerMismatch
            for place, name in self._repeated:
                if not _is_same(row[place], asked[name]):
                    raise AnswerMismatch

    def compiled(self, dialect: sa.Dialect, schema: str | None) -> "Compiled":
        """Return the statement for the driver itself; made once for each dialect, driver and schema."""
        key = (dialect.name, dialect.driver, schema)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = Compiled(self.statement, dialect, schema)
        return found


class Compiled:
    """SQL text of one dialect, with the value conversions that SQLAlchemy would have applied."""

    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: sa.Dialect, schema: str | None) -> None:
        compiled: Any = statement.compile(
            dialect=dialect,
            schema_translate_map=translation(schema),
            render_schema_translate=schema is not None,
            # the values of IN lists and of LIMIT stand in the statement or are parameters, never placeholders to expand
            compile_kwargs={"render_postcompile": True},
        )
        self.sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._binds = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        converters = (
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        )
        self._results = [(place, convert) for place, convert in enumerate(converters) if convert is not None]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them: by position where it counts them, else by name."""
        bound = {
            name: value if (convert := self._binds[name]) is None else convert(value)
            for name, value in {**self._fixed, **given}.items()
        }
        return bound if self._order is None else [bound[name] for name in self._order]

    def rows(self, raw: Rows) -> Rows:
        """Return the driver's rows as SQLAlchemy would have given them."""
        return [self._row(row) for row in raw] if self._results else raw

    def _row(self, raw: Row) -> Row:
        row = list(raw)
        for place, convert in self._results:
            row[place] = convert(row[place])
        return row


def translation(schema: str | None) -> dict[str | None, str] | None:
    """Return SQLAlchemy's `schema_translate_map` that puts the accounts' tables into `schema`."""
    return None if schema is None else {None: schema}


def _place(column: sa.ColumnElement[Any], columns: Sequence[Any]) -> int:
    return next(place for place, each in enumerate(columns) if each is column)


def _is_same(told: Any, asked: Any) -> bool:
    if isinstance(asked, bytes):
        return isinstance(told, bytes) and compare_digest(told, asked)
    if told == asked:
        return True
    # what no database can hold was looked up as something that none holds
    if isinstance(asked, str):
        return bool(told == UNKNOWN_NAME) and not is_storable(asked)
    return bool(told == UNKNOWN_NUMBER) and not -(2**63) <= asked < 2**63


# ---- what rows mean


def first(decode: Callable[[Row], T]) -> Callable[[Rows], T | None]:
    """Decode the only row; None when there is none."""

    def decode_first(rows: Rows) -> T | None:
        return decode(rows[0]) if rows else None

    return decode_first


def every(decode: Callable[[Row], T]) -> Callable[[Rows], list[T]]:
    """Decode each row."""

    def decode_every(rows: Rows) -> list[T]:
        return [decode(row) for row in rows]

    return decode_every


def scalar(rows: Rows) -> Any:
    """Return the only column of the only row."""
    return rows[0][0]


def first_scalar(rows: Rows) -> Any:
    """Return the only column of the first row; None when there is no row."""
    return rows[0][0] if rows else None


# ---- parameters; the names differ from every column's, because SQLAlchemy keeps those for SET


def by_name(name: str) -> sa.BindParameter[str]:
    """Make a parameter that looks a text up."""
    return sa.bindparam(name, type_=KnownName())


def by_number(name: str) -> sa.BindParameter[int]:
    """Make a parameter that looks a number up."""
    return sa.bindparam(name, type_=KnownNumber())


def by_moment(name: str) -> sa.BindParameter[Any]:
    """Make a parameter that is a time."""
    return sa.bindparam(name, type_=Moment())


def by_digest(name: str) -> sa.BindParameter[bytes]:
    """Make a parameter that looks a digest up."""
    return sa.bindparam(name, type_=sa.LargeBinary())


def a_limit(name: str = "at_most") -> sa.BindParameter[int]:
    """Make a parameter that says how many rows at most."""
    return sa.bindparam(name, type_=sa.BigInteger())


def asked(parameter: sa.BindParameter[Any]) -> sa.Label[Any]:
    """Make a column that repeats what was asked, for statements whose rows would not tell."""
    return sa.cast(parameter, parameter.type).label(f"asked_{parameter.key}")


NO_LIMIT = 2**63 - 1


# ---- lists, page by page


def below_cursor(time: sa.Column[Any], key: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Compare with a cursor, whose values `at_cursor` gives."""
    kind = by_digest if isinstance(key.type, sa.LargeBinary) else by_name
    return sa.tuple_(time, key) < sa.tuple_(by_moment("cursor_time"), kind("cursor_key"))


def at_cursor(cursor: Cursor) -> dict[str, Any]:
    """Return the values for `below_cursor`."""
    return {"cursor_time": cursor.created_at, "cursor_key": cursor.key}


class Paged(Generic[T]):
    """A list by time, then key, both descending: its first page, and the page below a cursor.

    `repeated` is as in `Query`.
    """

    def __init__(
        self,
        listed: sa.Select[Any],
        time: sa.Column[Any],
        key: sa.Column[Any],
        decode: Callable[[Row], T],
        repeated: Mapping[str, sa.ColumnElement[Any]],
    ) -> None:
        page = listed.order_by(time.desc(), key.desc()).limit(a_limit())
        self.first = Query(page, every(decode), repeated)
        self.rest = Query(page.where(below_cursor(time, key)), every(decode), repeated)

    async def fetch(self, db: "Fetching", limit: int, before: Cursor | None, **values: Any) -> list[T]:
        """Read the page."""
        if before is None:
            return await db.fetch(self.first, at_most=limit, **values)
        return await db.fetch(self.rest, at_most=limit, **values, **at_cursor(before))


class Numbered(Generic[T]):
    """A list by number, descending: its first page, and the page below a number. `repeated` is as in `Query`."""

    def __init__(
        self,
        listed: sa.Select[Any],
        number: sa.Column[Any],
        decode: Callable[[Row], T],
        repeated: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> None:
        page = listed.order_by(number.desc()).limit(a_limit())
        self.first = Query(page, every(decode), repeated)
        self.rest = Query(page.where(number < by_number("below")), every(decode), repeated)

    async def fetch(self, db: "Fetching", limit: int, before: int | None, **values: Any) -> list[T]:
        """Read the page."""
        if before is None:
            return await db.fetch(self.first, at_most=limit, **values)
        # every number is below one that is too great to be stored
        return await db.fetch(self.rest, at_most=limit, below=min(before, NO_LIMIT), **values)


class Fetching(Protocol):
    """What runs reads: see `executors.RowFetcher`."""

    async def fetch(self, query: Query[T], /, **values: Any) -> T: ...
