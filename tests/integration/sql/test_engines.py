"""Engines from a URL: the right driver, and the settings that make them safe."""

import socket
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, Backend
from tests.integration.sql.test_host_engine import store_on

from accounts_core.errors import ConfigurationError, Unavailable
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import create_async_engine, create_engine, migrate, migrate_async


@pytest.mark.parametrize(
    ("url", "sync", "asynchronous"),
    [
        ("sqlite:///a.db", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("sqlite://", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("sqlite+pysqlite:///a.db", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///a.db", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("postgresql://u:p@h/d", "postgresql+psycopg", "postgresql+asyncpg"),
        ("postgres://u:p@h/d", "postgresql+psycopg", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+psycopg", "postgresql+asyncpg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg", "postgresql+psycopg"),
    ],
)
def test_one_url_serves_both_kinds_of_engine(url: str, sync: str, asynchronous: str) -> None:
    assert create_engine(url).url.drivername == sync
    assert create_async_engine(url).url.drivername == asynchronous
    assert create_engine(sa.make_url(url.replace("postgres://", "postgresql://"))).url.drivername == sync


@pytest.mark.parametrize(
    "url", ["", "accounts.db", "mysql://root:secret@h/d", "://root:secret@h", "postgresql//root:secret@h/d"]
)
def test_what_is_no_url_of_ours_is_refused_without_repeating_its_password(url: str) -> None:
    for make in (create_engine, create_async_engine):
        with pytest.raises(ConfigurationError) as refused:
            make(url)
        assert "secret" not in f"{refused.value}{refused.value.__cause__}"


def test_encryption_is_asked_for_in_each_drivers_own_words() -> None:
    for url in ("postgresql://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"):
        assert dict(create_engine(url).url.query) == {"sslmode": "require"}
        assert dict(create_async_engine(url).url.query) == {"ssl": "require"}


def test_a_url_says_that_pgbouncer_is_in_between() -> None:
    for url in ("postgresql://u@h/d?pgbouncer=true", "postgresql+psycopg://u@h/d?pgbouncer=true&application_name=a"):
        for engine in (create_engine(url), create_async_engine(url)):
            assert "pgbouncer" not in engine.url.query
    for make in (create_engine, create_async_engine):
        with pytest.raises(ConfigurationError, match="true or false"):
            make("postgresql://u@h/d?pgbouncer=perhaps")


async def asked(engine: Any, statement: str) -> Any:
    if isinstance(engine, sa.Engine):
        with engine.connect() as connection:
            return connection.execute(sa.text(statement)).scalar_one()
    async with engine.connect() as connection:
        return (await connection.execute(sa.text(statement))).scalar_one()


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_sqlite_is_durable_and_keeps_its_rules(backend: Backend, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    engine: Any = create_async_engine(url) if backend.is_async else create_engine(url)

    assert await asked(engine, "PRAGMA journal_mode") == "wal"
    assert await asked(engine, "PRAGMA synchronous") == 2  # FULL
    assert await asked(engine, "PRAGMA foreign_keys") == 1
    assert await asked(engine, "PRAGMA busy_timeout") == 10_000
    await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_nothing_on_postgresql_waits_for_ever(backend: Backend) -> None:
    assert await asked(backend.engine, "SHOW lock_timeout") == "10s"
    assert await asked(backend.engine, "SHOW statement_timeout") == "30s"
    assert await asked(backend.engine, "SHOW idle_in_transaction_session_timeout") == "1min"
    assert await asked(backend.engine, "SHOW application_name") == "accounts"


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_nothing_on_psycopg_beside_an_event_loop_waits_for_ever_either(backend: Backend) -> None:
    """ASVS 5.0, 13.1.3 and 15.4.3: a host may ask for that driver by name."""
    url = sa.make_url(backend.url).set(drivername="postgresql+psycopg")
    engine = create_async_engine(url.update_query_dict({"options": "-c work_mem=5MB"}))

    assert engine.dialect.driver == "psycopg"
    for setting, value in {
        "lock_timeout": "10s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
        "application_name": "accounts",
        "work_mem": "5MB",
    }.items():
        assert await asked(engine, f"SHOW {setting}") == value
    await engine.dispose()


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
@pytest.mark.parametrize("in_url", [True, False])
async def test_behind_pgbouncer_nothing_is_prepared_and_no_setting_is_asked_for(backend: Backend, in_url: bool) -> None:
    alone: dict[str, Any] = {"pool_size": 1, "max_overflow": 0}
    if in_url:
        make = create_async_engine if backend.is_async else create_engine
        engine: Any = make(sa.make_url(backend.url).update_query_dict({"pgbouncer": "true"}), **alone)
    else:
        engine = backend.new_engine(pgbouncer=True, **alone)
    store = store_on(engine)
    await keep(store, a_user(), a_session())
    async with store.reader() as reader:
        for _ in range(8):
            assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
    for _ in range(8):
        async with store.begin() as work:
            await work.users.get(UserId(1), lock=True)

    names = "SELECT count(*) FROM pg_prepared_statements"
    assert await asked(engine, names) == 0
    assert await asked(engine, "SHOW lock_timeout") == "0"
    await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_of_several_hosts_one_that_is_silent_is_passed_over(backend: Backend) -> None:
    here = sa.make_url(backend.url)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never says a word
        hosts = [f"127.0.0.1:{silent.getsockname()[1]}", f"{here.host or here.query['host']}:{here.port or 5432}"]
        query = {"host": hosts, "target_session_attrs": "read-write"}
        make = create_async_engine if backend.is_async else create_engine
        patience = {"timeout": 1} if backend.is_async else {"connect_timeout": 2}  # libpq's least
        engine: Any = make(here.set(host=None, port=None, query=query), connect_args=patience)

        assert await asked(engine, "SELECT 1") == 1
        await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_when_no_host_is_of_the_kind_that_is_needed_the_database_is_away(backend: Backend) -> None:
    url = sa.make_url(backend.url).update_query_dict({"target_session_attrs": "standby"})
    engine: Any = create_async_engine(url) if backend.is_async else create_engine(url)

    with pytest.raises(Unavailable):
        await keep(store_on(engine), a_user())
    with pytest.raises(Unavailable):
        async with store_on(engine).reader() as reader:
            await reader.users.find(UserId(1))
    await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
async def test_a_host_may_choose_a_pool_that_keeps_no_connection(backend: Backend) -> None:
    engine = backend.new_engine(poolclass=sa.NullPool)
    store = store_on(engine)
    await keep(store, a_user(), a_session())

    async with store.reader() as reader:
        assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
    assert isinstance(engine.pool, sa.NullPool)
    await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_a_database_in_memory_is_one_for_everybody(backend: Backend) -> None:
    engine: Any = create_async_engine("sqlite://") if backend.is_async else create_engine("sqlite://")
    if backend.is_async:
        await migrate_async(engine)
    else:
        migrate(engine)
    store = store_on(engine)

    async def register() -> None:
        async with store.begin() as work:
            await work.users.add(a_user(await work.users.next_id()))

    assert await backend.concurrently(*[register] * 8) == [None] * 8
    async with store.reader() as reader:
        assert [await reader.users.find(UserId(n)) is not None for n in range(1, 10)] == [True] * 8 + [False]
    await backend.dispose(engine)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_psycopg_on_an_event_loop_works_through_sqlalchemy(backend: Backend) -> None:
    url = sa.make_url(backend.url).set(drivername="postgresql+psycopg")
    engine = create_async_engine(url)
    store = store_on(engine)
    await keep(store, a_user(), a_session())

    async with store.reader() as reader:
        assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())
    await engine.dispose()


@pytest.fixture
def read_only(tmp_path: Path) -> str:
    migrate(f"sqlite:///{tmp_path}/accounts.db")
    return f"sqlite:///file:{tmp_path}/accounts.db?mode=ro&uri=true"


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_a_database_that_may_only_be_read_can_be_read(backend: Backend, read_only: str) -> None:
    engine: Any = create_async_engine(read_only) if backend.is_async else create_engine(read_only)
    store = store_on(engine)

    async with store.reader() as reader:
        assert await reader.users.find(UserId(1)) is None
    with pytest.raises(Unavailable):
        await keep(store, a_user())
    await backend.dispose(engine)
