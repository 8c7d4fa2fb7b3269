"""When the database is away, full, slow or not what was expected: the core's errors, and nothing left behind."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

import asyncio
import gc
import sqlite3
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import (
    AIOSQLITE,
    ASYNCPG,
    PSYCOPG,
    SQLITE,
    AnySqlStore,
    Backend,
)
from tests.integration.sql.test_host_engine import store_on

from accounts_core.errors import ConfigurationError, Conflict, EmailTaken, Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.testing.builders import NOON, a_session, a_user, at, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import OutcomeUnknown, create_async_engine, create_engine
from accounts_sql.connections.async_reading import async_fetcher_on
from accounts_sql.statements.queries import Query
from accounts_sql.tables.location import Location

pytestmark = pytest.mark.usefixtures("drive")

on_postgresql = pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
on_sqlite = pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)

JANE = UserId(1)


async def kill_connections(backend: Backend) -> None:
    """End every connection to the database from the server's side; those of other tests are closed properly before."""
    await backend.dispose(backend.engine)
    with psycopg.connect(backend.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def fill_the_pool(backend: Backend, store: AnySqlStore, connections: int) -> None:
    async def hold() -> None:
        async with store.begin() as work:
            await work.users.find(JANE)
            if backend.is_async:
                await asyncio.sleep(0.05)

    await backend.concurrently(*[hold] * connections)


@on_postgresql
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
async def test_a_lone_read_survives_that_every_idle_connection_was_killed(backend: Backend, fast: bool) -> None:
    engine = backend.new_engine()
    store = store_on(engine, fast=fast)
    await keep(store, a_user(), a_session())
    await fill_the_pool(backend, store, 4)
    await kill_connections(backend)

    async with store.reader() as reader:
        if fast:
            found = [await reader.sessions.resolve(digest_of_session("ses_1")) for _ in range(8)]
            assert found == [(a_session(), a_user())] * 8
        else:
            with pytest.raises(Unavailable):
                await reader.sessions.resolve(digest_of_session("ses_1"))
            assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


@on_postgresql
async def test_after_a_kill_one_unit_fails_and_the_next_ones_work(backend: Backend) -> None:
    engine = backend.new_engine()
    store = store_on(engine)
    await fill_the_pool(backend, store, 4)
    await kill_connections(backend)

    with pytest.raises(Unavailable):
        await keep(store, a_user())
    for n in range(1, 8):
        await keep(store, a_user(n))
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


@on_postgresql
async def test_a_unit_whose_connection_breaks_before_the_commit_is_unavailable(backend: Backend) -> None:
    engine = backend.new_engine()
    store = store_on(engine)
    with pytest.raises(Unavailable):
        async with store.begin() as work:
            await work.users.add(a_user())
            await kill_connections(backend)
            await work.users.find(JANE)

    async with store.reader() as reader:
        assert await reader.users.find(JANE) is None
    await backend.dispose(engine)


@on_postgresql
async def test_a_connection_that_breaks_during_the_commit_leaves_the_outcome_open(backend: Backend) -> None:
    engine = backend.new_engine()
    with pytest.raises(OutcomeUnknown):
        async with store_on(engine).begin() as work:
            await work.users.add(a_user())
            await kill_connections(backend)
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


@on_postgresql
async def test_what_went_wrong_in_the_unit_comes_through_even_when_rolling_back_fails(backend: Backend) -> None:
    engine = backend.new_engine()
    with pytest.raises(ZeroDivisionError):
        async with store_on(engine).begin() as work:
            await work.users.add(a_user())
            await kill_connections(backend)
            raise ZeroDivisionError
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/accounts",
        "postgresql:///accounts?host=/nowhere",
        "sqlite:////nowhere/at/all/accounts.db",
    ],
    ids=["nobody listens", "no socket", "no folder"],
)
@pytest.mark.parametrize("backend", [SQLITE, ASYNCPG], indirect=True)
async def test_a_database_that_is_not_there_is_unavailable(backend: Backend, url: str) -> None:
    engine: Any = create_async_engine(url) if backend.is_async else create_engine(url)
    for fast in (True, False):
        async with store_on(engine, fast=fast).reader() as reader:
            with pytest.raises(Unavailable):
                await reader.users.find(JANE)
    with pytest.raises(Unavailable):
        await keep(store_on(engine), a_user())
    await backend.dispose(engine)


async def test_a_pool_without_a_free_connection_is_unavailable(backend: Backend) -> None:
    engine = backend.new_engine(pool_size=1, max_overflow=0, pool_timeout=0.05)
    store = store_on(engine)
    async with store.begin() as work:
        await work.users.add(a_user())
        for fast in (True, False):
            async with store_on(engine, fast=fast).reader() as reader:
                with pytest.raises(Unavailable, match="in use"):
                    await reader.users.find(JANE)
        with pytest.raises(Unavailable, match="in use"):
            await keep(store, a_user(2))

    async with store.reader() as reader:
        assert await reader.users.find(JANE) == a_user()
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


async def test_connections_beyond_the_pools_size_are_closed_and_none_is_lost(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    engine = backend.new_engine(pool_size=1, max_overflow=5)
    store = store_on(engine)
    await keep(store, a_user())

    async def read() -> Any:
        async with store.reader() as reader:
            return [await reader.users.find(JANE) for _ in range(5)]

    assert await backend.concurrently(*[read] * 12) == [[a_user()] * 5] * 12
    assert (engine.pool.checkedout(), engine.pool.checkedin()) == (0, 1)
    assert caplog.messages == []
    await backend.dispose(engine)


@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_a_read_that_returns_to_a_pool_that_is_full_again_closes_its_connection(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    engine = backend.new_engine(pool_size=1, max_overflow=1)
    reader = async_fetcher_on(engine, Location(), fast=True)
    async with engine.connect():
        reading = asyncio.create_task(reader.fetch(Query(sa.select(sa.func.pg_sleep(0.1)), len)))
        await asyncio.sleep(0.05)

    assert await reading == 1
    assert (engine.pool.checkedout(), engine.pool.checkedin()) == (0, 1)
    assert caplog.messages == []  # the pool does not raise when it cannot close one: it complains
    await backend.dispose(engine)


@on_sqlite
async def test_a_writer_that_waits_too_long_for_another_is_unavailable(backend: Backend) -> None:
    engine = backend.new_engine()
    sync: sa.Engine = getattr(engine, "sync_engine", engine)
    sa.event.listen(sync, "connect", lambda connection, _: _wait_less(connection))
    async with backend.store().begin() as work:
        await work.users.add(a_user())
        with pytest.raises(Unavailable):
            await keep(store_on(engine), a_user(2))
    await backend.dispose(engine)


def _wait_less(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=20")
    cursor.close()


@on_sqlite
async def test_a_full_disk_is_unavailable_and_writes_nothing(backend: Backend) -> None:
    engine = backend.new_engine(pool_size=1, max_overflow=0)
    store = store_on(engine)
    with pytest.raises(Unavailable):
        async with store.begin() as work:
            statement = sa.text("PRAGMA max_page_count=1")  # SQLite's own way to say that there is no more room
            result = work.connection.execute(statement)
            if backend.is_async:
                await result
            for n in range(1, 2000):
                await work.users.add(a_user(n, name="N" * 200))

    async with store.reader() as reader:
        assert await reader.users.find(JANE) is None
    await backend.dispose(engine)


@on_postgresql
async def test_a_lock_that_is_waited_for_too_long_is_a_conflict(backend: Backend) -> None:
    store = backend.store()
    await keep(store, a_user())

    async with store.begin() as work:
        await work.users.get(JANE, lock=True)
        with pytest.raises(Conflict):
            async with store.begin() as other:
                statement = sa.text("SET LOCAL lock_timeout = '20ms'")
                result = other.connection.execute(statement)
                if backend.is_async:
                    await result
                await other.users.get(JANE, lock=True)


async def test_a_statement_that_was_refused_cannot_be_committed_over(backend: Backend) -> None:
    """PostgreSQL has given the transaction up by then, and its COMMIT would quietly roll back."""
    store = backend.store()
    await keep(store, a_user())

    with pytest.raises(Conflict):
        async with store.begin() as work:
            await work.users.add(a_user(2))
            with suppress(Conflict):
                await work.sessions.add(a_session(user_id=99))

    async with store.reader() as reader:
        assert await reader.users.find(UserId(2)) is None


async def test_tables_that_are_missing_are_the_hosts_fault(backend: Backend, tmp_path: Any, postgres_url: str) -> None:
    url = postgres_url if backend.driver in {PSYCOPG, ASYNCPG} else f"sqlite:///{tmp_path}/empty.db"
    engine: Any = create_async_engine(url) if backend.is_async else create_engine(url)
    for fast in (True, False):
        async with store_on(engine, fast=fast).reader() as reader:
            with pytest.raises(ConfigurationError, match="run the migrations"):
                await reader.users.find(JANE)
    with pytest.raises(ConfigurationError, match="run the migrations"):
        await keep(store_on(engine), a_user())
    assert engine.pool.checkedout() == 0
    await backend.dispose(engine)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "a lone surrogate"])
async def test_names_that_no_store_can_keep_are_not_found(backend: Backend, text: str) -> None:
    store = backend.store()
    await keep(store, a_user(), a_session())

    async with store.reader() as reader:
        assert await reader.verifications.find(text) is None
        assert await reader.outbox.find(text) is None
        assert await reader.notifications.find(text) is None
        assert await reader.sessions.find(text) is None
        assert await reader.teams.find_interaction(text) is None
        assert await reader.teams.find_invitation(text) is None
        assert list(await reader.notifications.list_for_user(JANE, limit=99, before=Cursor(NOON, text))) == []
    async with store.begin() as work:
        await work.sessions.delete(text)
        await work.sessions.touch(text, at=at(1))
        assert await work.verifications.find_open(JANE, text) is None
        assert await work.teams.delete_invitation(text) is False


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40])
async def test_numbers_that_no_store_can_keep_are_not_found(backend: Backend, number: int) -> None:
    store = backend.store()
    await keep(store, a_user())

    async with store.reader() as reader:
        assert await reader.users.find(UserId(number)) is None
        assert list(await reader.notifications.list_for_user(UserId(number), limit=99)) == []
        assert await reader.audit.find(number) is None


@on_sqlite
async def test_a_failed_statement_leaves_no_cursor_to_the_garbage_collector(backend: Backend) -> None:
    """It would be closed in the event loop's thread, which waits there while the connection waits for a lock."""
    store = backend.store()
    await keep(store, a_user())
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(EmailTaken):
            await keep(store, a_user(2, email=EmailAddress("user1@example.org")))
        assert [each for each in gc.get_objects() if isinstance(each, sqlite3.Cursor)] == []
    finally:
        gc.enable()
