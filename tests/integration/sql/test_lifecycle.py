"""E18: stores and limits migrate and close by themselves, on every driver and in the host's transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession
from tests.driven import accounts_of
from tests.integration.sql.backends import AIOSQLITE, SQLITE, Backend, async_engine, sync_engine
from tests.integration.sql.test_in_transaction import JANE, ports, waited

from accounts_core.services.lifecycle import close_parts
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts import ClosesContract, MigratesContract
from accounts_sql import (
    AsyncSqlStore,
    SqlStore,
    create_async_engine,
    create_engine,
    current_revision,
    head_revision,
    migrate,
)

pytestmark = pytest.mark.usefixtures("drive")

Use = Callable[[], Awaitable[object]]


def kind_of(backend: Backend) -> Any:
    return AsyncSqlStore if backend.is_async else SqlStore


def reading(store: Any) -> Use:
    async def read() -> object:
        async with store.reader() as reader:
            return await reader.outbox.list(limit=1)

    return read


class TestStoresAreClosed(ClosesContract):
    @pytest.fixture
    def part(self, backend: Backend) -> Any:
        return backend.store()

    @pytest.fixture
    def use(self, part: Any) -> Use:
        return reading(part)


class TestLimitsAreClosed(ClosesContract):
    @pytest.fixture
    def part(self, backend: Backend) -> Any:
        return backend.limits()

    @pytest.fixture
    def use(self, part: Any) -> Use:
        return lambda: part.count_expired(now=NOON)


@asynccontextmanager
async def new_database(backend: Backend, prefix: str) -> AsyncIterator[Any]:
    """Yield an engine of the test's own; afterwards remove the tables with this prefix."""
    make: Any = async_engine if backend.is_async else sync_engine
    engine = make(backend.driver, backend.url)
    yield engine
    await waited(engine.dispose())
    migrate(backend.url, "base", prefix=prefix)


class TestStoresMigrate(MigratesContract):
    @pytest.fixture
    def unmigrated(self, backend: Backend) -> Any:
        opened = new_database(backend, "fresh_")
        engine = backend.drive(opened.__aenter__())
        yield kind_of(backend)(engine, prefix="fresh_")
        backend.drive(opened.__aexit__(None, None, None))

    @pytest.fixture
    def use(self, unmigrated: Any) -> Use:
        return reading(unmigrated)


@asynccontextmanager
async def opened(engine: Any, how: str) -> AsyncIterator[Any]:
    """Open a transaction of the host: a connection that has begun, one that has not, or a session."""
    if how == "session":
        session = AsyncSession(engine) if hasattr(engine, "sync_engine") else orm.Session(engine)
        yield session
        await waited(session.close())
        return
    connection = await engine.connect() if hasattr(engine, "sync_engine") else engine.connect()
    if how == "begun":
        await waited(connection.begin())
    yield connection
    await waited(connection.close())


@pytest.mark.parametrize(
    "how", [pytest.param("begun", marks=pytest.mark.long), "not begun", pytest.param("session", marks=pytest.mark.long)]
)
async def test_in_the_hosts_transaction_a_migration_is_committed_by_the_host(backend: Backend, how: str) -> None:
    prefix = "joined_"
    async with new_database(backend, prefix) as engine:
        accounts = accounts_of(**ports(kind_of(backend)(engine, prefix=prefix)))
        for commits in (False, True):
            async with opened(engine, how) as host:
                await waited(accounts.in_transaction(host).migrate())
                await waited(host.commit() if commits else host.rollback())
            found = current_revision(backend.url, prefix=prefix)
            assert found == (head_revision() if commits else None)


async def test_close_returns_the_connections_of_the_pool(backend: Backend) -> None:
    async with new_database(backend, "nothing_") as engine:
        accounts = accounts_of(**ports(kind_of(backend)(engine)))
        await accounts.register(**JANE)
        assert engine.pool.checkedin() > 0

        await waited(accounts.close())

        assert engine.pool.checkedin() == 0
        await accounts.find_user(email=JANE["email"])


async def test_close_leaves_the_hosts_transaction_alone(backend: Backend) -> None:
    async with new_database(backend, "nothing_") as engine, opened(engine, "begun") as host:
        store = backend.store().joined(host)
        async with store.begin() as work:
            assert await work.outbox.list(limit=1) == []

        await close_parts([store])

        async with store.begin() as work:
            assert await work.outbox.list(limit=1) == []


@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_close_keeps_a_database_in_memory(backend: Backend) -> None:
    engine: Any = create_async_engine("sqlite://") if backend.is_async else create_engine("sqlite://")
    accounts = accounts_of(**ports(kind_of(backend)(engine)))
    await waited(accounts.migrate())
    await accounts.register(**JANE)

    await waited(accounts.close())

    assert (await accounts.find_user(email=JANE["email"])).name == JANE["name"]
    await waited(engine.dispose())
