"""Queries: a statement together with the decoding of its rows.

Inside a unit of work, SQLAlchemy executes the statement. A read outside of any transaction runs on the driver's own
connection: `Compiled` has the SQL text for one dialect, and the conversions of parameters and results that SQLAlchemy
would apply.
"""

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa

from accounts_core.errors import AnswerMismatch
from accounts_core.model.paging import Cursor
from accounts_core.model.text import is_storable
from accounts_sql.tables.location import Location
from accounts_sql.tables.types import UNKNOWN_NAME, UNKNOWN_NUMBER, KnownName, KnownNumber, Moment

T = TypeVar("T")

Row: TypeAlias = Sequence[Any]
Rows: TypeAlias = Sequence[Row]


class Query(Generic[T]):
    """Statement that returns rows, and the function that decodes all of them.

    `repeated` maps parameters to the columns that must equal them in every row, such as `{"this": users.c.id}`. If no
    column of the table does, `asked` makes one.
    """

    def __init__(
        self,
        statement: sa.ReturnsRows,
        decode: Callable[[Rows], T],
        repeated: Mapping[str, sa.ColumnElement[Any]] | None = None,
    ) -> None:
        self.statement: Any = statement
        self.decode = decode
        self._compiled: dict[tuple[str, str, str | None, str], Compiled] = {}
        columns: list[Any] = list(self.statement.exported_columns)
        self._width = len(columns)
        self._repeated = tuple((_place(column, columns), name) for name, column in (repeated or {}).items())

    def check(self, rows: Rows, asked: Mapping[str, Any]) -> None:
        """Verify that the rows, before conversion, belong to this query and its parameters.

        Raises:
            AnswerMismatch: The rows are the result of another query.

        """
        for row in rows:
            if len(row) != self._width:
                raise AnswerMismatch
            for place, name in self._repeated:
                if not _is_same(row[place], asked[name]):
                    raise AnswerMismatch

    def compiled(self, dialect: sa.Dialect, location: Location) -> "Compiled":
        """Return the statement compiled for the driver; cached by dialect, driver, schema and prefix."""
        key = (dialect.name, dialect.driver, location.schema, location.prefix)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = Compiled(self.statement, dialect, location)
        return found


class Compiled:
    """SQL text for one dialect, with the value conversions that SQLAlchemy would apply."""

    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: sa.Dialect, location: Location) -> None:
        compiled: Any = statement.compile(
            dialect=dialect,
            schema_translate_map=translation(location),
            render_schema_translate=location.schema is not None,
            # IN lists and LIMIT must not leave placeholders that SQLAlchemy would expand at execution
            compile_kwargs={"render_postcompile": True},
        )
        self.sql = location.rename(str(compiled))
        self._order: Sequence[str] | None = compiled.positiontup
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._binds = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        converters = (
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        )
        self._results = [(place, convert) for place, convert in enumerate(converters) if convert is not None]

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """Return the parameters in the driver's style: positional or by name."""
        bound = {
            name: value if (convert := self._binds[name]) is None else convert(value)
            for name, value in {**self._fixed, **parameters}.items()
        }
        return bound if self._order is None else [bound[name] for name in self._order]

    def rows(self, raw: Rows) -> Rows:
        """Return the driver's rows with SQLAlchemy's result conversions applied."""
        return [self._row(row) for row in raw] if self._results else raw

    def _row(self, raw: Row) -> Row:
        row = list(raw)
        for place, convert in self._results:
            row[place] = convert(row[place])
        return row


def translation(location: Location) -> dict[str | None, str] | None:
    """Return SQLAlchemy's `schema_translate_map` for the tables; None for the default schema."""
    return None if location.schema is None else {None: location.schema}


def _place(column: sa.ColumnElement[Any], columns: Sequence[Any]) -> int:
    return next(place for place, each in enumerate(columns) if each is column)


def _is_same(found: Any, asked: Any) -> bool:
    if isinstance(asked, bytes):
        return isinstance(found, bytes) and compare_digest(found, asked)
    if found == asked:
        return True
    # a value that cannot be stored is replaced by a placeholder in the search
    if isinstance(asked, str):
        return bool(found == UNKNOWN_NAME) and not is_storable(asked)
    return bool(found == UNKNOWN_NUMBER) and not -(2**63) <= asked < 2**63


# ---- decoding of rows


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


# ---- parameters; SQLAlchemy reserves column names for SET, so parameter names must differ from them


def by_name(name: str) -> sa.BindParameter[str]:
    """Make a parameter that is compared with a text column."""
    return sa.bindparam(name, type_=KnownName())


def by_number(name: str) -> sa.BindParameter[int]:
    """Make a parameter that is compared with a number column."""
    return sa.bindparam(name, type_=KnownNumber())


def by_moment(name: str) -> sa.BindParameter[Any]:
    """Make a timestamp parameter."""
    return sa.bindparam(name, type_=Moment())


def by_digest(name: str) -> sa.BindParameter[bytes]:
    """Make a parameter that is compared with a digest column."""
    return sa.bindparam(name, type_=sa.LargeBinary())


def a_limit(name: str = "at_most") -> sa.BindParameter[int]:
    """Make a parameter for the maximum number of rows."""
    return sa.bindparam(name, type_=sa.BigInteger())


def asked(parameter: sa.BindParameter[Any]) -> sa.Label[Any]:
    """Make a result column that repeats a parameter, for statements without a column equal to it."""
    return sa.cast(parameter, parameter.type).label(f"asked_{parameter.key}")


NO_LIMIT = 2**63 - 1


# ---- lists, page by page


def below_cursor(time: sa.Column[Any], key: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a row comes after the cursor. `at_cursor` returns its parameters."""
    kind = by_digest if isinstance(key.type, sa.LargeBinary) else by_name
    return sa.tuple_(time, key) < sa.tuple_(by_moment("cursor_time"), kind("cursor_key"))


def at_cursor(cursor: Cursor) -> dict[str, Any]:
    """Return the parameters of `below_cursor`."""
    return {"cursor_time": cursor.created_at, "cursor_key": cursor.key}


class Paged(Generic[T]):
    """Paginated list ordered by time, then key, both descending.

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
        # a cursor beyond 64 bits is above every stored number
        return await db.fetch(self.rest, at_most=limit, below=min(before, NO_LIMIT), **values)


class Fetching(Protocol):
    """Executor of reads. See `connections.executors.RowFetcher`."""

    async def fetch(self, query: Query[T], /, **values: Any) -> T: ...
