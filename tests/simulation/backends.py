"""Where a world is stored: in memory, on SQLite, on PostgreSQL. Each can save what it holds, and go back to it."""

import pickle
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from copy import copy
from io import BytesIO
from typing import Any, Protocol, cast

import sqlalchemy as sa
from psycopg import sql
from tests.integration.postgres import PostgresServer, serving_postgres

from accounts_core.model import TeamId, UserId
from accounts_core.ports.blocking import BlockingLimits, BlockingStore
from accounts_core.ports.store import UnitOfWork
from accounts_memory import MemoryLimits, MemoryStore
from accounts_memory.limits import _Log
from accounts_memory.store import Ids
from accounts_sql import SqlLimits, SqlStore, create_engine, migrate
from accounts_sql.tables import metadata, sqlite_metadata


class Backend(Protocol):
    """A place that holds one world at a time. `waits`: who begins a unit there waits for the one before it."""

    @property
    def name(self) -> str: ...
    @property
    def waits(self) -> bool: ...
    @property
    def store(self) -> BlockingStore[UnitOfWork]: ...
    @property
    def limits(self) -> BlockingLimits: ...
    def clear(self) -> None: ...
    def save(self) -> object:
        """Return everything that is held, to `load` it again."""
        ...

    def load(self, saved: Any) -> None: ...
    def trace(self, saved: Any) -> bytes:
        """Return something that is the same for two only when they hold the same."""
        ...

    def user_ids(self) -> list[UserId]: ...
    def team_ids(self) -> list[TeamId]: ...
    def rows_of(self, user_id: UserId) -> Mapping[str, int]:
        """Count what refers to a user, by table, the audit trail left out; tables without any are left out, too."""
        ...


_IDS = ("users", "teams", "entries")
_REFERRING = {
    "users": "id",
    "teams": "owner_id",
    "invitations": "invited_by",
    "interactions": "author_id",
    **dict.fromkeys(
        (
            "sessions",
            "payment_methods",
            "verifications",
            "notifications",
            "memberships",
            "mail_tokens",
            "devices",
            "kept_requests",
        ),
        "user_id",
    ),
}


_TABLES = {"verifications": "accounts_card_verifications"}


class MemoryBackend:
    """In memory. Saving costs nothing: what is committed never changes."""

    name = "memory"
    waits = False

    def __init__(self) -> None:
        self.clear()
        self._traced: dict[int, tuple[object, bytes]] = {}

    def clear(self) -> None:
        self.store: BlockingStore[UnitOfWork] = MemoryStore()
        self.limits: BlockingLimits = MemoryLimits()

    @property
    def state(self) -> Any:
        return cast("MemoryStore", self.store)._state

    def save(self) -> object:
        store, limits = cast("MemoryStore", self.store), cast("MemoryLimits", self.limits)
        logs = {key: (tuple(log.times), log.period) for key, log in limits._logs.items()}
        return self.state, logs, [copy(getattr(store._ids, kind)) for kind in _IDS]

    def load(self, saved: Any) -> None:
        self.clear()
        state, logs, ids = saved
        store, limits = cast("MemoryStore", self.store), cast("MemoryLimits", self.limits)
        store._state = state
        store._ids = Ids(**{kind: copy(counted) for kind, counted in zip(_IDS, ids, strict=True)})
        limits._logs = {key: _Log(list(times), period) for key, (times, period) in logs.items()}

    def trace(self, saved: Any) -> bytes:
        state, logs, _ = saved
        parts = [self._table(getattr(state, field.name)) for field in type(state).__attrs_attrs__]
        return b"".join(parts) + plain(sorted(logs.items()))

    def _table(self, table: Any) -> bytes:
        known = self._traced.get(id(table))
        if known is None or known[0] is not table:
            if len(self._traced) > 10_000:
                self._traced.clear()
            known = self._traced[id(table)] = table, plain([table.rows[key] for key in sorted(table.rows)])
        return known[1]

    def user_ids(self) -> list[UserId]:
        return list(self.state.users.rows)

    def team_ids(self) -> list[TeamId]:
        return list(self.state.teams.rows)

    def rows_of(self, user_id: UserId) -> Mapping[str, int]:
        counts = {
            name: sum(1 for row in getattr(self.state, name).rows.values() if getattr(row, column) == user_id)
            for name, column in _REFERRING.items()
        }
        return {name: count for name, count in counts.items() if count}


def plain(value: object) -> bytes:
    """Return bytes that are the same for equal values, whoever shares which object with whom."""
    buffer = BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()


class SqlBackend:
    """A database, with everything of it that the accounts use."""

    waits = True

    def __init__(self, name: str, engine: sa.Engine) -> None:
        self.name = name
        self.engine = engine
        self.store: BlockingStore[UnitOfWork] = SqlStore(engine)
        self.limits: BlockingLimits = SqlLimits(engine)
        self.tables = [*metadata.sorted_tables, *(sqlite_metadata.sorted_tables if name == "sqlite" else ())]
        self._empty = self.save()

    def clear(self) -> None:
        self.load(self._empty)

    def save(self) -> Any:
        raise NotImplementedError

    def load(self, saved: Any) -> None:
        raise NotImplementedError

    def trace(self, saved: Any) -> bytes:
        return plain(saved)

    def user_ids(self) -> list[UserId]:
        return [UserId(each) for each in self._ids("accounts_users")]

    def team_ids(self) -> list[TeamId]:
        return [TeamId(each) for each in self._ids("accounts_teams")]

    def rows_of(self, user_id: UserId) -> Mapping[str, int]:
        counted = {}
        with self.engine.connect() as connection:
            for name, column in _REFERRING.items():
                table = metadata.tables[_TABLES.get(name, f"accounts_{name}")]
                counting = sa.select(sa.func.count()).where(table.c[column] == user_id)
                counted[name] = connection.execute(counting).scalar_one()
        return {name: count for name, count in counted.items() if count}

    def _ids(self, table: str) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(metadata.tables[table].c.id).order_by("id")).scalars())


class SqliteBackend(SqlBackend):
    """SQLite, in memory: what is measured is its statements and its rules, not the disk."""

    def save(self) -> Any:
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            rows = [driver.execute(f"SELECT * FROM {table.name} ORDER BY 1, 2").fetchall() for table in self.tables]
            return driver.serialize(), rows

    def load(self, saved: Any) -> None:
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            # not into the driver's own: that is not safe where it keeps statements that were prepared before
            with closing(sqlite3.connect(":memory:")) as copied:
                copied.deserialize(saved[0])
                copied.backup(driver)

    def trace(self, saved: Any) -> bytes:
        return plain(saved[1])


class PostgresBackend(SqlBackend):
    """PostgreSQL. Going back is one message: everything is deleted, and what was saved is inserted again."""

    def save(self) -> Any:
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            rows = {}
            for table in self.tables:
                columns = [column.name for column in table.columns]
                listed = sql.SQL(", ").join(map(sql.Identifier, columns))
                name = sql.Identifier(table.name)
                rows[table.name] = driver.execute(
                    sql.SQL("SELECT {} FROM {} ORDER BY 1").format(listed, name)
                ).fetchall()
            sequences = driver.execute(
                "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
            ).fetchall()
            return rows, sequences

    def load(self, saved: Any) -> None:
        rows, sequences = saved
        statements = [sql.SQL("DELETE FROM {}").format(sql.Identifier(each.name)) for each in reversed(self.tables)]
        for table in self.tables:
            if not rows[table.name]:
                continue
            values = [sql.SQL("({})").format(sql.SQL(", ").join(map(_literal, row))) for row in rows[table.name]]
            columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
            statements.append(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {}").format(
                    sql.Identifier(table.name), columns, sql.SQL(", ").join(values)
                )
            )
        for name, last in sequences:
            statements.append(
                sql.SQL("SELECT setval({}, {}, {})").format(
                    sql.Literal(name), sql.Literal(last or 1), sql.Literal(last is not None)
                )
            )
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(sql.SQL("; ").join(statements))
            driver.commit()


def _literal(value: object) -> sql.Composable:
    from psycopg.types.json import Jsonb

    return sql.Literal(Jsonb(value) if isinstance(value, dict | list) else value)


@contextmanager
def memory() -> Iterator[Backend]:
    yield MemoryBackend()


@contextmanager
def sqlite() -> Iterator[Backend]:
    engine = create_engine("sqlite://")
    migrate(engine)
    yield SqliteBackend("sqlite", engine)
    engine.dispose()


@contextmanager
def postgres(server: PostgresServer | None = None) -> Iterator[Backend]:
    if server is None:
        with serving_postgres() as own, postgres(own) as backend:
            yield backend
        return
    url = server.create_database()
    engine = create_engine(url)
    migrate(engine)
    yield PostgresBackend("postgresql", engine)
    engine.dispose()
    server.drop_database(url)
