"""Everything that a database holds, read from the driver itself. `dumps` says in which form."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from tests.simulation.lockstep.dumps import ATTEMPTS, TABLES, Dump, Numbering, Row, Table, attempts_of, table_of

from accounts_sql.tables import attempts
from accounts_sql.tables.types import Document, JsonText, Moment

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Rows:
    """The rows of one database in the common form: each made once, for as long as it stays the same."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._seen: dict[str, tuple[list[Row], Table]] = {}
        self._made: dict[tuple[str, Row], Row] = {}

    def table(self, name: str, raw: list[Row]) -> Table:
        known = self._seen.get(name)
        if known is None or known[0] != raw:
            known = self._seen[name] = raw, table_of(name, [self._row(name, row) for row in raw])
        return known[1]

    def _row(self, name: str, raw: Row) -> Row:
        made = self._made.get((name, raw))
        if made is None:
            readers = _READERS[self._dialect, name]
            made = tuple(value if read is None else read(value) for read, value in zip(readers, raw, strict=True))
            self._made[name, raw] = made
        return made


def _moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def _flag(value: int) -> bool:
    # a two in a column of yes and no is no yes
    return {0: False, 1: True}[value]


def _reader(column: sa.Column[Any], dialect: str) -> Callable[[Any], Any] | None:
    if isinstance(column.type, Document):
        return json.loads
    if dialect == "sqlite" and isinstance(column.type, Moment):
        return _moment
    if dialect == "sqlite" and isinstance(column.type, sa.Boolean):
        return _flag
    return None


_READERS: Final = {
    (dialect, name): [_reader(column, dialect) for column in table.columns]
    for dialect in ("sqlite", "postgresql")
    for name, table in TABLES.items()
}


def _select(table: sa.Table, dialect: str) -> str:
    # PostgreSQL's documents as text, so that a row can be looked up
    as_text = "::text" if dialect == "postgresql" else ""
    columns = (
        f'"{each.name}"{as_text if isinstance(each.type, Document | JsonText) else ""}' for each in table.columns
    )
    return f"SELECT {', '.join(columns)} FROM {table.name}"


_COUNTED: Final = f"SELECT name, scope, made_at, expires_at FROM {attempts.name}"


class SqliteDumper:
    """Looks into a SQLite file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows = _Rows("sqlite")
        self._version: int | None = None
        self._tables: dict[str, Table] = {}
        self._attempts: list[Row] = []
        self._numbers = Numbering()

    def dump(self, *, now: datetime) -> Dump:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:  # somebody else has committed something
            self._version = version
            self._look()
        return self._tables | {ATTEMPTS: _live(self._attempts, now, _moment)}

    def _look(self) -> None:
        ask = self._connection.execute
        self._tables = {
            name: self._rows.table(name, ask(_select(table, "sqlite")).fetchall()) for name, table in TABLES.items()
        }
        self._attempts = ask(_COUNTED).fetchall()
        counters = dict(ask("SELECT name, value FROM accounts_counters").fetchall())
        last = max((key[0] for key in self._tables["audit"]), default=0)
        self._numbers = Numbering(users=counters.get("users", 0), teams=counters.get("teams", 0), entries=last)

    def numbering(self) -> Numbering:
        return self._numbers

    def renumber(self, numbers: Numbering) -> None:
        raise NotImplementedError("SQLite loses no number: the others follow it.")

    def sweep(self, *, now: datetime) -> None:
        self._connection.execute(
            f"DELETE FROM {attempts.name} WHERE expires_at <= ?", [(now - _EPOCH) // timedelta(microseconds=1)]
        )
        self._version = None  # what a connection itself commits is no change to it


class PostgresDumper:
    """Looks into a PostgreSQL database: at every table in one round trip, where anything was written."""

    SEQUENCES: Final = {
        "users": "accounts_user_ids",
        "teams": "accounts_team_ids",
        "entries": "accounts_audit_id_seq",
    }
    _STATEMENTS: Final = [*(_select(table, "postgresql") for table in TABLES.values()), _COUNTED]
    _GLANCE: Final = ", ".join(
        [
            "SELECT pg_current_snapshot()::text",
            *(
                f"(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}) AS {kind}"
                for kind, name in SEQUENCES.items()
            ),
        ]
    )

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        self._connection = connection
        self._rows = _Rows("postgresql")
        self._snapshot: str | None = None
        self._tables: dict[str, Table] = {}
        self._attempts: list[Row] = []
        self._numbers = Numbering()

    def dump(self, *, now: datetime) -> Dump:
        glance = self._connection.execute(self._GLANCE.encode()).fetchone()
        assert glance is not None
        snapshot, *numbers = glance
        self._numbers = Numbering(**dict(zip(self.SEQUENCES, numbers, strict=True)))
        if snapshot != self._snapshot:  # somebody has written something
            self._snapshot = snapshot
            self._look()
        return self._tables | {ATTEMPTS: _live(self._attempts, now, lambda value: value)}

    def _look(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("; ".join(self._STATEMENTS).encode())
            found = [cursor.fetchall()]
            while cursor.nextset():
                found.append(cursor.fetchall())
        *tables, self._attempts = found
        self._tables = {name: self._rows.table(name, rows) for name, rows in zip(TABLES, tables, strict=True)}

    def numbering(self) -> Numbering:
        return self._numbers

    def renumber(self, numbers: Numbering) -> None:
        for name, sequence in self.SEQUENCES.items():
            last = getattr(numbers, name)
            self._connection.execute("SELECT setval(%s, %s, %s)", [sequence, max(last, 1), last > 0])

    def sweep(self, *, now: datetime) -> None:
        self._connection.execute(f"DELETE FROM {attempts.name} WHERE expires_at <= %s".encode(), [now])


def _live(counted: list[Row], now: datetime, moment: Callable[[Any], datetime | None]) -> Table:
    kept = []
    for name, scope, made_at, expires_at in counted:
        made, expires = moment(made_at), moment(expires_at)
        assert made is not None
        assert expires is not None
        if now < expires:
            kept.append((name, scope, made))
    return attempts_of(kept)
