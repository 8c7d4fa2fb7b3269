"""The stores of an environment: memory, SQLite, PostgreSQL. Each can save its contents, and restore them."""

import json
import pickle
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import count
from typing import Any, Protocol, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from tests.integration.postgres import PostgresServer, serving_postgres

from accounts_core.model import TeamId, UserId
from accounts_core.model.secret_values import SecretValue
from accounts_core.ports.blocking import BlockingRateLimiter, BlockingStore
from accounts_core.ports.store import UnitOfWork
from accounts_memory import MemoryRateLimiter, MemoryStore
from accounts_memory.rate_limiter import _Log
from accounts_memory.store import Ids
from accounts_sql import SqlRateLimiter, SqlStore, create_engine, migrate
from accounts_sql.tables import metadata, sqlite_metadata


class Backend(Protocol):
    """A place that holds one environment at a time. `waits`: who begins a unit there waits for the one before it."""

    @property
    def name(self) -> str: ...
    @property
    def waits(self) -> bool: ...
    @property
    def store(self) -> BlockingStore[UnitOfWork]: ...
    @property
    def limits(self) -> BlockingRateLimiter: ...
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
            "idempotency_records",
        ),
        "user_id",
    ),
}


_TABLES = {"verifications": "accounts_card_verifications", "idempotency_records": "accounts_kept_requests"}


class MemoryBackend:
    """In memory. Saving costs nothing: what is committed never changes."""

    name = "memory"
    waits = False

    def __init__(self) -> None:
        self.clear()
        self._traced: dict[int, tuple[object, bytes]] = {}

    def clear(self) -> None:
        self.store: BlockingStore[UnitOfWork] = MemoryStore()
        self.limits: BlockingRateLimiter = MemoryRateLimiter()

    @property
    def state(self) -> Any:
        return cast("MemoryStore", self.store)._state

    def save(self) -> object:
        store, limits = cast("MemoryStore", self.store), cast("MemoryRateLimiter", self.limits)
        logs = {key: (tuple(log.times), log.period) for key, log in limits._logs.items()}
        return self.state, logs, self._next_ids(store)

    def load(self, saved: Any) -> None:
        self.clear()
        state, logs, ids = saved
        store, limits = cast("MemoryStore", self.store), cast("MemoryRateLimiter", self.limits)
        store._state = state
        store._ids = Ids(**{kind: count(number) for kind, number in ids.items()})
        limits._logs = {key: _Log(list(times), period) for key, (times, period) in logs.items()}

    def _next_ids(self, store: MemoryStore) -> dict[str, int]:
        """Return the next id of each kind. A counter only tells it by moving on, so it gets a new one."""
        ids = {kind: next(getattr(store._ids, kind)) for kind in _IDS}
        store._ids = Ids(**{kind: count(number) for kind, number in ids.items()})
        return ids

    def trace(self, saved: Any) -> bytes:
        state, logs, _ = saved
        parts = [self._table(getattr(state, field.name)) for field in type(state).__attrs_attrs__]
        return b"".join(parts) + plain(sorted(logs.items()))

    def _table(self, table: Any) -> bytes:
        known = self._traced.get(id(table))
        if known is None or known[0] is not table:
            if len(self._traced) > 10_000:
                self._traced.clear()
            known = self._traced[id(table)] = (
                table,
                plain([table.rows[key] for key in sorted(table.rows, key=_in_order)]),
            )
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


def _in_order(key: Any) -> Any:
    return key.reveal() if isinstance(key, SecretValue) else key


def plain(value: object) -> bytes:
    """Return bytes that are the same for equal values, whoever shares which object with whom."""
    buffer = BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True
    pickler.dispatch_table = dict.fromkeys(SecretValue.__subclasses__(), lambda secret: (str, (secret.reveal(),)))
    pickler.dump(value)
    return buffer.getvalue()


class SqlBackend:
    """A database, with everything of it that the accounts use."""

    waits = True

    def __init__(self, name: str, engine: sa.Engine) -> None:
        self.name = name
        self.engine = engine
        self.store: BlockingStore[UnitOfWork] = SqlStore(engine)
        self.limits: BlockingRateLimiter = SqlRateLimiter(engine)
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

    def fetched(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement on the driver itself, outside any transaction."""
        raise NotImplementedError

    def user_ids(self) -> list[UserId]:
        return [UserId(each) for (each,) in self.fetched("SELECT id FROM accounts_users ORDER BY id")]

    def team_ids(self) -> list[TeamId]:
        return [TeamId(each) for (each,) in self.fetched("SELECT id FROM accounts_teams ORDER BY id")]

    def rows_of(self, user_id: UserId) -> Mapping[str, int]:
        counting = ", ".join(
            f"(SELECT count(*) FROM {_TABLES.get(name, f'accounts_{name}')} WHERE {column} = {user_id})"
            for name, column in _REFERRING.items()
        )
        (counts,) = self.fetched(f"SELECT {counting}")
        return {name: count for name, count in zip(_REFERRING, counts, strict=True) if count}


class SqliteBackend(SqlBackend):
    """SQLite, in memory: what is measured is its statements and its rules, not the disk."""

    def fetched(self, statement: str) -> list[tuple[Any, ...]]:
        with self._driver() as driver:
            rows: list[tuple[Any, ...]] = driver.execute(statement).fetchall()
            return rows

    def save(self) -> Any:
        with self._driver() as driver:
            rows = [driver.execute(f"SELECT * FROM {table.name} ORDER BY 1, 2").fetchall() for table in self.tables]
            return driver.serialize(), rows

    def load(self, saved: Any) -> None:
        # not into the driver's own: that is not safe where it keeps statements that were prepared before
        with self._driver() as driver, closing(sqlite3.connect(":memory:")) as copied:
            copied.deserialize(saved[0])
            copied.backup(driver)

    def trace(self, saved: Any) -> bytes:
        return plain(saved[1])

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        with self.engine.connect() as connection:
            yield connection.connection.driver_connection


class PostgresBackend(SqlBackend):
    """PostgreSQL. To save is one message, and so is to go back: everything is deleted, and inserted again."""

    def __init__(self, name: str, engine: sa.Engine, beside: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._beside = beside
        super().__init__(name, engine)

    def fetched(self, statement: str) -> list[tuple[Any, ...]]:
        return self._beside.execute(statement.encode()).fetchall()

    def save(self) -> Any:
        tables = ", ".join(
            f"(SELECT json_agg(t)::text FROM (SELECT * FROM {table.name} ORDER BY 1) t)" for table in self.tables
        )
        last = "(SELECT json_object_agg(sequencename, last_value)::text FROM pg_sequences)"
        (row,) = self.fetched(f"SELECT {last}, {tables}")
        return row

    def load(self, saved: Any) -> None:
        last, *rows = saved
        statements = [f"DELETE FROM {table.name}" for table in reversed(self.tables)]
        for table, held in zip(self.tables, rows, strict=True):
            if held is not None:
                name = table.name
                given = sql.Literal(held).as_string(self._beside)
                filled = f"json_populate_recordset(NULL::{name}, {given})"
                statements.append(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE SELECT * FROM {filled}")
        for name, value in json.loads(last).items():
            statements.append(f"SELECT setval('{name}', {value or 1}, {'true' if value else 'false'})")
        self._beside.execute("; ".join(statements).encode())


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
    with psycopg.connect(url, autocommit=True) as beside:
        yield PostgresBackend("postgresql", engine, beside)
    engine.dispose()
    server.drop_database(url)
