"""The tables in a schema of their own, on PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, AnySqlStore, Backend
from tests.integration.sql.test_host_engine import store_on

from accounts_core.model.ids import UserId
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import a_card, a_session, a_team, a_user, at, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    current_revision,
    head_revision,
    is_current,
    is_current_async,
    migrate,
    migrate_async,
)

pytestmark = [
    pytest.mark.usefixtures("drive"),
    pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True),
]

SCHEMA = "Members only"
"""Only a quoted name survives its capital letter and its blank."""


@pytest.fixture
def engine(backend: Backend) -> Iterator[Any]:
    """An engine on a database with the accounts' tables in `public` and in a schema."""
    engine = backend.new_engine()
    with psycopg.connect(backend.url) as connection:
        connection.execute(f'CREATE SCHEMA "{SCHEMA}"'.encode())
    if backend.is_async:
        backend.drive(migrate_async(engine, schema=SCHEMA))
    else:
        migrate(engine, schema=SCHEMA)
    yield engine
    backend.drive(backend.dispose(engine))
    with psycopg.connect(backend.url) as connection:
        connection.execute(f'DROP SCHEMA "{SCHEMA}" CASCADE'.encode())


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
async def test_a_store_keeps_to_its_schema(backend: Backend, engine: Any, fast: bool) -> None:
    inside: AnySqlStore = store_on(engine, schema=SCHEMA, fast=fast)
    outside = backend.store()
    await keep(inside, a_user(name="Inside"), a_session(), a_card(is_default=True), a_team())
    await keep(outside, a_user(name="Outside"))

    async with inside.reader() as reader:
        resolved = await reader.sessions.resolve_with_cards(digest_of_session("ses_1"))
        assert resolved is not None
        assert resolved[1].name == "Inside"
    async with outside.reader() as reader:
        found = await reader.users.find(UserId(1))
        assert found is not None
        assert found.name == "Outside"
        assert await reader.sessions.resolve(digest_of_session("ses_1")) is None


async def test_numbers_come_from_the_schemas_own_sequences(engine: Any) -> None:
    async with store_on(engine, schema=SCHEMA).begin() as work:
        assert [await work.users.next_id(), await work.users.next_id(), await work.teams.next_id()] == [1, 2, 1]


async def test_a_hosts_connection_is_not_told_where_to_look(backend: Backend, engine: Any) -> None:
    """Only our statements go to the schema; the host's own go where they always went."""
    count = sa.text("SELECT count(*) FROM accounts_users")
    if backend.is_async:
        async with engine.connect() as connection:
            await keep(AsyncSqlStore(connection, schema=SCHEMA), a_user())
            assert (await connection.execute(count)).scalar_one() == 0
    else:
        with engine.connect() as connection:
            await keep(SqlStore(connection, schema=SCHEMA), a_user())
            assert connection.execute(count).scalar_one() == 0


async def test_limits_keep_to_their_schema(backend: Backend, engine: Any) -> None:
    limits = AsyncSqlRateLimiter(engine, schema=SCHEMA) if backend.is_async else SqlRateLimiter(engine, schema=SCHEMA)
    once = RateLimit(1, at(1) - at(0))

    await limits.consume("sign-in", {"jane": once}, now=at(0))
    await backend.limits().consume("sign-in", {"jane": once}, now=at(0))


async def test_each_schema_has_its_own_revision(backend: Backend, engine: Any) -> None:
    if backend.is_async:
        assert await is_current_async(engine, schema=SCHEMA)
        await migrate_async(engine, "base", schema=SCHEMA)
        assert not await is_current_async(engine, schema=SCHEMA)
        assert await is_current_async(engine)
    else:
        assert current_revision(engine, schema=SCHEMA) == head_revision()
        migrate(engine, "base", schema=SCHEMA)
        assert not is_current(engine, schema=SCHEMA)
        assert is_current(engine)
