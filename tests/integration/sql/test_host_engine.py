"""A store on an engine that the host made, with the host's own settings."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, AnySqlStore, Backend

from accounts_core.errors import ConfigurationError, Conflict
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import NOON, a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import AsyncSqlStore, SqlStore, prepare

pytestmark = pytest.mark.usefixtures("drive")

DRIVER_NAMES = {
    SQLITE: "sqlite+pysqlite",
    AIOSQLITE: "sqlite+aiosqlite",
    PSYCOPG: "postgresql+psycopg",
    ASYNCPG: "postgresql+asyncpg",
}


@asynccontextmanager
async def host_engine(backend: Backend, **options: Any) -> AsyncIterator[Any]:
    url = sa.make_url(backend.url).set(drivername=DRIVER_NAMES[backend.driver])
    engine: Any = create_async_engine(url, **options) if backend.is_async else sa.create_engine(url, **options)
    try:
        yield engine
    finally:
        await backend.dispose(engine)


def store_on(engine: Any, **options: Any) -> AnySqlStore:
    return SqlStore(engine, **options) if isinstance(engine, sa.Engine) else AsyncSqlStore(engine, **options)


async def is_kept_and_read(store: AnySqlStore) -> bool:
    """Keep a user and a session, fail once, and read back."""
    await keep(store, a_user(), a_session())
    with pytest.raises(ZeroDivisionError):
        async with store.begin() as work:
            await work.users.add(a_user(2))
            raise ZeroDivisionError
    async with store.reader() as reader:
        resolved = await reader.sessions.resolve(digest_of_session("ses_1"))
        return resolved == (a_session(), a_user()) and await reader.users.find(UserId(2)) is None


OPTIONS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "without a pool": {"poolclass": sa.NullPool},
    "last in, first out": {"pool_use_lifo": True},
    "pinging and recycling": {"pool_pre_ping": True, "pool_recycle": 3600},
    "nothing reset": {"pool_reset_on_return": None},
    "stricter isolation": {"isolation_level": "SERIALIZABLE"},
    "committing by itself": {"isolation_level": "AUTOCOMMIT"},
}


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
async def test_a_hosts_engine_will_do(backend: Backend, options: dict[str, Any], fast: bool) -> None:
    async with host_engine(backend, **options) as engine:
        prepare(engine)

        assert await is_kept_and_read(store_on(engine, fast=fast))


async def test_a_host_that_listens_to_its_pool_is_heard_and_does_no_harm(backend: Backend) -> None:
    async with host_engine(backend) as engine:
        prepare(engine)
        heard: list[str] = []
        sync: sa.Engine = getattr(engine, "sync_engine", engine)
        for event in ("checkout", "checkin", "reset"):
            sa.event.listen(sync, event, lambda *_, event=event: heard.append(event))

        assert await is_kept_and_read(store_on(engine))
        assert heard.count("checkout") == heard.count("checkin") > 0


@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_sqlite_without_foreign_keys_is_refused_with_what_to_do(backend: Backend) -> None:
    async with host_engine(backend) as engine:
        with pytest.raises(ConfigurationError, match=r"prepare\(engine\)"):
            await keep(store_on(engine), a_user())


@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_a_host_that_begins_by_hand_as_sqlalchemy_documents_it_is_joined(backend: Backend) -> None:
    async with host_engine(backend) as engine:
        prepare(engine)
        sync: sa.Engine = getattr(engine, "sync_engine", engine)
        sa.event.listen(sync, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))

        assert await is_kept_and_read(store_on(engine, fast=False))


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_times_are_in_utc_whatever_the_hosts_time_zone_is(backend: Backend, fast: bool) -> None:
    zone = "Asia/Kathmandu"
    settings = {"server_settings": {"timezone": zone}} if backend.is_async else {"options": f"-c timezone={zone}"}
    async with host_engine(backend, connect_args=settings) as engine:
        store = store_on(engine, fast=fast)
        await keep(store, a_user())

        async with store.reader() as reader:
            found = await reader.users.find(UserId(1))

    assert found is not None
    assert found.created_at == NOON
    assert found.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_a_lost_race_under_stricter_isolation_is_a_conflict(backend: Backend) -> None:
    async with host_engine(backend, isolation_level="REPEATABLE READ") as engine:
        store = store_on(engine)
        await keep(store, a_user())

        with pytest.raises(Conflict):
            async with store.begin() as work:
                user = await work.users.get(UserId(1))
                async with store.begin() as other:
                    await other.users.save(user.with_balance(1))
                await work.users.get(UserId(1), lock=True)
