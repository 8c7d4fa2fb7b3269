"""Migrations at the same moment: several databases, schemas, prefixes, threads and processes (E1, E2, E31)."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.postgres import PostgresServer
from tests.integration.sql.hosts import make_host, names_in, with_schemas

from accounts_core.errors import ConfigurationError, Unavailable
from accounts_sql import (
    create_async_engine,
    create_engine,
    current_revision,
    database_status_async,
    head_revision,
    is_current,
    is_current_async,
    migrate,
    migrate_async,
)
from accounts_sql.migrations import placing

THREADS = 3


def at_once(*calls: Callable[[], Any]) -> None:
    """Begin calls at the same moment, each in a thread of its own, and wait for them."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        barrier.wait(10)
        call()

    with ThreadPoolExecutor(len(calls)) as threads:
        list(threads.map(run, calls))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    return f"sqlite:///{tmp_path}/one.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def test_two_threads_migrate_two_databases_at_once(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """E1: Alembic's `op` and `context` are one for the whole process."""
    urls = [f"sqlite:///{tmp_path}/{n}.db" for n in range(THREADS)] + [postgres_server.create_database()]

    at_once(*(partial(migrate, url) for url in urls))

    assert [current_revision(url) for url in urls] == [head_revision()] * len(urls)
    postgres_server.drop_database(urls[-1])


def test_threads_migrate_one_database_up_and_down_at_once(engine: sa.Engine) -> None:
    at_once(*[partial(migrate, engine)] * THREADS)
    assert is_current(engine)

    at_once(partial(migrate, engine, "0009"), partial(migrate, engine, "0009"))
    assert current_revision(engine) == "0009"


def test_two_threads_migrate_two_schemas_at_once_and_public_is_untouched(postgres_url: str) -> None:
    """E31."""
    engine = create_engine(postgres_url)
    with with_schemas(engine, "auth", "Second one"):
        at_once(*(partial(migrate, engine, schema=schema) for schema in ("auth", "Second one")))

        assert is_current(engine, schema="auth")
        assert is_current(engine, schema="Second one")
        assert names_in(engine) == set()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW search_path").scalar_one() == '"$user", public'
    engine.dispose()


def test_two_threads_migrate_two_prefixes_at_once(engine: sa.Engine) -> None:
    at_once(*(partial(migrate, engine, prefix=prefix) for prefix in ("a_", "b_")))

    assert is_current(engine, prefix="a_")
    assert is_current(engine, prefix="b_")
    assert current_revision(engine) is None


def test_a_hosts_alembic_and_our_migration_run_at_once_in_two_threads(tmp_path: Path) -> None:
    """E2: nothing of the host's run is in ours."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/host.db")
    host, other = make_host(tmp_path / "host", engine, before=migrate), f"sqlite:///{tmp_path}/other.db"

    at_once(host.upgrade, partial(migrate, other))

    assert is_current(engine)
    assert "orders" in names_in(engine)
    assert is_current(other)
    engine.dispose()


# ---- on a connection of the host


def test_in_an_open_transaction_nothing_is_committed_and_its_settings_remain(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.begin()
        migrate(connection)
        assert connection.in_transaction()
        assert is_current(connection)
        if engine.dialect.name == "postgresql":
            settings = ("lock_timeout", "statement_timeout", "search_path")
            found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in settings]
            assert found == ["10s", "30s", '"$user", public']
        connection.rollback()

    assert names_in(engine) == set()
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE orders (id INTEGER PRIMARY KEY)"))
        migrate(connection)
    assert is_current(engine)
    assert "orders" in names_in(engine)


def test_a_connection_without_an_open_transaction_is_migrated_in_one_of_its_own(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        migrate(connection)
        assert not connection.in_transaction()
        connection.execute(sa.text("CREATE TABLE accounts_own (theirs INTEGER)"))
        connection.rollback()

    assert is_current(engine)


def test_a_failed_migration_leaves_a_connection_without_a_transaction(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE accounts_outbox (theirs INTEGER)"))
    with engine.connect() as connection:
        with pytest.raises(ConfigurationError, match="accounts_outbox"):
            migrate(connection)
        assert not connection.in_transaction()

    assert names_in(engine) == {"accounts_outbox"}


def test_a_failed_migration_leaves_the_hosts_transaction_usable(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE accounts_outbox (theirs INTEGER)"))
        with pytest.raises(ConfigurationError):
            migrate(connection)
        connection.execute(sa.text("INSERT INTO accounts_outbox VALUES (1)"))

    assert names_in(engine) == {"accounts_outbox"}


def test_a_connection_without_transactions_is_refused(postgres_url: str) -> None:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(ConfigurationError, match="AUTOCOMMIT"):
        migrate(connection)
    engine.dispose()


def test_a_host_that_migrates_beside_another_migration_is_told(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "WAIT_SECONDS", 0.3)
    engine = create_engine(postgres_url)
    with engine.begin() as first:
        migrate(first)
        with engine.connect() as second, pytest.raises(Unavailable, match="Another process is migrating"):
            migrate(second)
    engine.dispose()


@pytest.mark.parametrize("source", [1, None, object()], ids=lambda source: type(source).__name__)
def test_what_is_no_source_is_refused_by_name(source: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"of type {type(source).__name__}"):
        migrate(source)


def test_what_is_of_the_other_kind_is_refused_with_the_right_function(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    wrong: Any = create_async_engine(url)
    with pytest.raises(ConfigurationError, match="migrate_async takes those"):
        migrate(wrong)
    wrong = create_engine(url)
    with pytest.raises(ConfigurationError, match="migrate takes the others"):
        asyncio.run(migrate_async(wrong))


# ---- on an event loop


def test_an_event_loop_migrates_a_url_and_a_hosts_connection(url: str) -> None:
    async def run() -> None:
        await migrate_async(url, "0010")
        status = await database_status_async(url)
        assert (status.revision, status.is_served, status.is_newer) == ("0010", False, False)
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            await connection.begin()
            await migrate_async(connection)
            assert await is_current_async(connection)
            await connection.rollback()
        assert not await is_current_async(engine)
        async with engine.connect() as connection:
            await migrate_async(connection)
        assert await is_current_async(engine)
        await engine.dispose()

    asyncio.run(run())


def test_two_tasks_migrate_at_once_and_the_event_loop_goes_on(url: str) -> None:
    """While one holds the lock, the other waits without blocking the loop that the first needs."""

    async def run() -> None:
        engine = create_async_engine(url)
        await asyncio.gather(migrate_async(engine), migrate_async(engine, prefix="b_"), migrate_async(engine))
        assert await is_current_async(engine)
        assert await is_current_async(engine, prefix="b_")
        await engine.dispose()

    asyncio.run(run())


def test_a_cancelled_migration_leaves_no_connection_and_no_lock(postgres_url: str) -> None:
    async def run() -> None:
        engine = create_async_engine(postgres_url)
        async with engine.begin() as holder:
            await migrate_async(holder, "0001")
            waiting = asyncio.create_task(migrate_async(engine))
            await asyncio.sleep(0.3)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await migrate_async(engine)
        assert await is_current_async(engine)
        assert engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # it is a queue
        await engine.dispose()

    asyncio.run(run())
