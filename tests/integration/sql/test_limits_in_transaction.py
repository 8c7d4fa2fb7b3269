"""E12: limits beside a host's transaction are counted outside of it, unless that would wait for that transaction."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.driven import accounts_of
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, Backend
from tests.integration.sql.test_in_transaction import JANE, JOHN, ports, waited

from accounts_core import Accounts
from accounts_core.errors import InvalidCredentials, RateLimitExceeded
from accounts_core.model.policy import Policy
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_async_engine,
    create_engine,
    migrate,
)
from accounts_sql.tables import attempts

pytestmark = pytest.mark.usefixtures("drive")

ON_SQLITE = pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
THREE = RateLimit(3, timedelta(minutes=1))
TRIED = ("sign-in", {"client:192.0.2.7": THREE})


def second(n: int) -> datetime:
    return NOON + timedelta(seconds=n)


@asynccontextmanager
async def connected(engine: Any) -> AsyncIterator[Any]:
    if isinstance(engine, sa.Engine):
        with engine.connect() as connection:
            yield connection
    else:
        async with engine.connect() as connection:
            yield connection


async def write(connection: Any) -> None:
    await waited(connection.execute(sa.text("CREATE TABLE IF NOT EXISTS host_notes (note TEXT)")))
    await waited(connection.execute(sa.text("INSERT INTO host_notes VALUES ('written first')")))


async def counted(backend: Backend) -> int:
    async with connected(backend.engine) as connection:
        result = await waited(connection.execute(sa.select(sa.func.count()).select_from(attempts)))
        return int(result.scalar_one())


@pytest.fixture
def limits(backend: Backend) -> Any:
    return backend.limits()


@pytest.fixture
def accounts(backend: Backend, limits: Any) -> Accounts:
    return accounts_of(**ports(backend.store()), limits=limits)


async def test_a_host_that_has_written_registers_at_once(backend: Backend, accounts: Accounts) -> None:
    began = time.monotonic()
    async with connected(backend.engine) as connection:
        await write(connection)
        jane = await accounts.in_transaction(connection).register(**JANE, client="192.0.2.7")
        await waited(connection.commit())

    assert time.monotonic() - began < 5
    assert await accounts.profile(jane.id) == jane
    assert await counted(backend) > 0


@pytest.mark.parametrize("host_writes", [True, False], ids=["after the host wrote", "before"])
async def test_a_rollback_undoes_no_attempt(backend: Backend, limits: Any, host_writes: bool) -> None:
    """On SQLite the attempts that were counted within it are counted again by the next one."""
    name, scopes = TRIED
    for n in range(3):
        async with connected(backend.engine) as connection:
            beside = limits.beside(backend.store().joined(connection))
            if host_writes:
                await write(connection)
            await beside.consume(name, scopes, now=second(n))
            await waited(connection.rollback())

    async with connected(backend.engine) as connection:
        if host_writes:
            await write(connection)
        with pytest.raises(RateLimitExceeded):
            await limits.beside(backend.store().joined(connection)).consume(name, scopes, now=second(3))
        await waited(connection.rollback())
    with pytest.raises(RateLimitExceeded):
        await limits.consume(name, scopes, now=second(3))
    assert await counted(backend) == 3


async def test_what_the_host_commits_counts_once(backend: Backend, limits: Any) -> None:
    name, scopes = TRIED
    for n in range(2):
        async with connected(backend.engine) as connection:
            await write(connection)
            await limits.beside(backend.store().joined(connection)).consume(name, scopes, now=second(n))
            await waited(connection.commit())

    await limits.consume(name, scopes, now=second(2))
    assert await counted(backend) == 3
    with pytest.raises(RateLimitExceeded):
        await limits.consume(name, scopes, now=second(3))


async def test_a_reset_forgets_what_was_counted_within_a_transaction(backend: Backend, limits: Any) -> None:
    name, scopes = TRIED
    async with connected(backend.engine) as connection:
        await write(connection)
        beside = limits.beside(backend.store().joined(connection))
        await beside.consume(name, scopes, now=second(0))
        await beside.reset(name, "client:192.0.2.7")
        await waited(connection.commit())

    await limits.consume(name, scopes, now=second(1))
    assert await counted(backend) == 1


async def test_an_attempt_that_has_expired_is_not_counted_again(backend: Backend, limits: Any) -> None:
    name, scopes = TRIED
    async with connected(backend.engine) as connection:
        await write(connection)
        await limits.beside(backend.store().joined(connection)).consume(name, scopes, now=NOON)
        await waited(connection.rollback())

    await limits.consume(name, scopes, now=NOON + THREE.period)
    assert await counted(backend) == (1 if backend.driver in {SQLITE, AIOSQLITE} else 2)


async def test_guesses_that_a_host_rolls_back_are_limited(backend: Backend, limits: Any) -> None:
    accounts: Accounts = accounts_of(**ports(backend.store()), limits=limits, policy=Policy())
    await accounts.register(**JANE)
    refused = 0
    for _ in range(32):
        async with connected(backend.engine) as connection:
            await write(connection)
            try:
                await accounts.in_transaction(connection).sign_in(
                    email=JANE["email"], password="a wrong guess", client="192.0.2.7"
                )
            except InvalidCredentials:
                pass
            except RateLimitExceeded:
                refused += 1
            await waited(connection.rollback())

    assert refused == 2  # of 30 an hour


@ON_SQLITE
async def test_a_database_in_memory_has_one_connection_for_all(backend: Backend) -> None:
    engine: Any = create_async_engine("sqlite://") if backend.is_async else create_engine("sqlite://")
    if backend.is_async:
        from accounts_sql import migrate_async

        await migrate_async(engine)
    else:
        migrate(engine)
    store: Any = (AsyncSqlStore if backend.is_async else SqlStore)(engine)
    limits: Any = (AsyncSqlRateLimiter if backend.is_async else SqlRateLimiter)(engine)
    accounts: Accounts = accounts_of(**ports(store), limits=limits)
    async with connected(engine) as connection:
        await accounts.in_transaction(connection).register(**JANE, client="192.0.2.7")
        await accounts.on(store.joined(connection)).register(**JOHN, client="192.0.2.7")
        await waited(connection.commit())
    await backend.dispose(engine)


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_transactions_that_hold_every_connection_of_the_pool_do_not_wait_for_each_other(backend: Backend) -> None:
    """Attempts are counted on connections of a second pool, which is disposed of with the engine."""
    named = {"application_name": NAMED}
    engine = backend.new_engine(
        pool_size=1,
        max_overflow=0,
        pool_timeout=2,
        connect_args={"server_settings": named} if backend.is_async else named,
    )
    store: Any = (AsyncSqlStore if backend.is_async else SqlStore)(engine)
    accounts = accounts_of(**ports(store), limits=(AsyncSqlRateLimiter if backend.is_async else SqlRateLimiter)(engine))
    async with connected(engine) as connection:
        jane = await accounts.in_transaction(connection).register(**JANE, client="192.0.2.7")
        assert has_sessions(backend, 2)
        await waited(connection.commit())

    assert await accounts.profile(jane.id) == jane
    await backend.dispose(engine)
    assert has_sessions(backend, 0)


NAMED = "one connection for the application"


def has_sessions(backend: Backend, expected: int) -> bool:
    """Return whether the server has so many sessions of the engine, at once or soon."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    for _ in range(100):
        with psycopg.connect(backend.url) as connection:
            row = connection.execute(query, [NAMED]).fetchone()
        if row == (expected,):
            return True
        time.sleep(0.02)
    return False
