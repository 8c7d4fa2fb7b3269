"""The four drivers of a database, each with what a test needs to drive it."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Store, Subscriber
from accounts_core.sync import run_sync
from accounts_core.testing.harness import Concurrently, Thunk
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_async_engine,
    create_engine,
    migrate,
)
from accounts_sql.tables import metadata, sqlite_metadata

T = TypeVar("T")

AnySqlStore: TypeAlias = Store[Any]

SQLITE, AIOSQLITE, PSYCOPG, ASYNCPG = BACKENDS = ("sqlite3", "aiosqlite", "psycopg", "asyncpg")
PSYCOPG_ASYNC, PSYCOPG2 = "psycopg async", "psycopg2"
"""Drivers of a host's own engine. `tests/matrix` runs the contracts on them."""


class Backend(Protocol):
    """One driver, on a database that is migrated and that `clear` empties."""

    @property
    def driver(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def engine(self) -> Any:
        """An `Engine` or an `AsyncEngine`."""
        ...

    @property
    def pool(self) -> sa.QueuePool: ...
    @property
    def concurrently(self) -> Concurrently: ...
    @property
    def is_async(self) -> bool: ...
    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...
    def store(self, *subscribers: Subscriber[Any], **options: Any) -> AnySqlStore: ...
    def limits(self) -> RateLimiter: ...
    def new_engine(self, **options: Any) -> Any:
        """Make another engine on the same database; whoever makes it disposes of it."""
        ...

    async def dispose(self, engine: Any) -> None: ...
    def clear(self) -> None: ...
    def check(self) -> None:
        """Fail when a connection is still lent, or a task still runs."""
        ...


@attrs.frozen
class SyncBackend:
    driver: str
    url: str
    engine: sa.Engine
    _janitor: sa.Engine
    is_async: bool = False

    @property
    def pool(self) -> sa.QueuePool:
        assert isinstance(self.engine.pool, sa.QueuePool)
        return self.engine.pool

    @property
    def concurrently(self) -> Concurrently:
        from accounts_core.testing.plugin import in_threads  # pytest has to be the first to import its plugin

        return in_threads

    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        return run_sync(coroutine)

    def store(self, *subscribers: Subscriber[Any], **options: Any) -> SqlStore:
        return SqlStore(self.engine, subscribers, **options)

    def limits(self) -> SqlRateLimiter:
        return SqlRateLimiter(self.engine)

    def new_engine(self, **options: Any) -> sa.Engine:
        return hurried(sync_engine(self.driver, self.url, **options))

    async def dispose(self, engine: sa.Engine) -> None:
        engine.dispose()

    def clear(self) -> None:
        empty(self._janitor)

    def check(self) -> None:
        assert self.pool.checkedout() == 0, "a connection was never returned"


@attrs.frozen
class AsyncBackend:
    driver: str
    url: str
    engine: AsyncEngine
    _runner: asyncio.Runner
    _janitor: sa.Engine
    is_async: bool = True

    @property
    def pool(self) -> sa.QueuePool:
        assert isinstance(self.engine.pool, sa.QueuePool)
        return self.engine.pool

    @property
    def concurrently(self) -> Concurrently:
        return gather

    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        return self._runner.run(coroutine)

    def store(self, *subscribers: Subscriber[Any], **options: Any) -> AsyncSqlStore:
        return AsyncSqlStore(self.engine, subscribers, **options)

    def limits(self) -> AsyncSqlRateLimiter:
        return AsyncSqlRateLimiter(self.engine)

    def new_engine(self, **options: Any) -> AsyncEngine:
        return hurried(async_engine(self.driver, self.url, **options))

    async def dispose(self, engine: AsyncEngine) -> None:
        await engine.dispose()

    def clear(self) -> None:
        empty(self._janitor)

    def check(self) -> None:
        async def others() -> set[asyncio.Task[Any]]:
            return asyncio.all_tasks() - {task for task in [asyncio.current_task()] if task}

        assert self.drive(others()) == set(), "a task still runs"
        assert self.pool.checkedout() == 0, "a connection was never returned"


async def gather(*thunks: Thunk) -> list[Any]:
    return await asyncio.gather(*(thunk() for thunk in thunks), return_exceptions=True)


@contextmanager
def opened(driver: str, url: str) -> Iterator[Backend]:
    """Migrate the database and open the backend; afterwards close everything."""
    janitor = hurried(create_engine(url, pool_pre_ping=True))
    migrate(janitor)
    try:
        if driver in {SQLITE, PSYCOPG, PSYCOPG2}:
            engine = hurried(sync_engine(driver, url))
            yield SyncBackend(driver, url, engine, janitor)
            engine.dispose()
            return
        with asyncio.Runner() as runner:
            asynchronous = hurried(async_engine(driver, url))
            yield AsyncBackend(driver, url, asynchronous, runner, janitor)
            runner.run(asynchronous.dispose())
    finally:
        janitor.dispose()


def sync_engine(driver: str, url: str, **options: Any) -> sa.Engine:
    """Make an engine as the product does; with psycopg2, which the product makes none with, as a host does."""
    if driver == PSYCOPG2:
        return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg2"), **options)
    return create_engine(url, **options)


def async_engine(driver: str, url: str, **options: Any) -> AsyncEngine:
    """Make an asynchronous engine of this driver."""
    made = sa.make_url(url)
    if driver == PSYCOPG_ASYNC:
        made = made.set(drivername="postgresql+psycopg")
    return create_async_engine(made, **options)


EngineT = TypeVar("EngineT", sa.Engine, AsyncEngine)


def hurried(engine: EngineT) -> EngineT:
    """Let a SQLite engine not wait for the disk: no test but those of durability pulls the plug."""
    sync: sa.Engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine  # type: ignore[redundant-expr]  # true in one of the two readings
    if sync.dialect.name == "sqlite":
        sa.event.listen(sync, "connect", lambda connection, _: _no_waiting(connection))
    return engine


def _no_waiting(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def empty(engine: sa.Engine) -> None:
    """Remove every row."""
    tables = [*reversed(metadata.sorted_tables)]
    if engine.dialect.name == "sqlite":
        tables += sqlite_metadata.sorted_tables
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.delete())
