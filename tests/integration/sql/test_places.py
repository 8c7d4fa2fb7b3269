"""The tables with another prefix and in a schema, beside tables of a host application with the same names (E7, E31)."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, AnySqlStore, Backend

from accounts_core.model.ids import UserId
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import a_user, at
from accounts_core.testing.contracts import CleanupContract, OutboxContract, RateLimiterContract, TeamReaderContract
from accounts_core.testing.harness import MakeStore, keep
from accounts_sql import (
    AsyncSqlRateLimiter,
    AsyncSqlStore,
    SqlRateLimiter,
    SqlStore,
    create_engine,
    migrate,
    tables_for,
)
from accounts_sql.tables.versions import VERSION_TABLE

pytestmark = pytest.mark.usefixtures("drive")

PREFIX: dict[str, Any] = {"prefix": "auth_"}
SCHEMA: dict[str, Any] = {"schema": "Auth"}
BOTH: dict[str, Any] = SCHEMA | PREFIX
PLACED = [
    pytest.param((SQLITE, PREFIX), id="sqlite3 with a prefix"),
    pytest.param((ASYNCPG, BOTH), id="asyncpg with a prefix in a schema"),
    pytest.param((AIOSQLITE, PREFIX), id="aiosqlite with a prefix", marks=pytest.mark.long),
    pytest.param((ASYNCPG, PREFIX), id="asyncpg with a prefix", marks=pytest.mark.long),
    pytest.param((ASYNCPG, SCHEMA), id="asyncpg in a schema", marks=pytest.mark.long),
    pytest.param((PSYCOPG, BOTH), id="psycopg with a prefix in a schema", marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def janitors() -> Iterator[dict[str, sa.Engine]]:
    engines: dict[str, sa.Engine] = {}
    yield engines
    for engine in engines.values():
        engine.dispose()


@pytest.fixture(params=PLACED)
def placed(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A driver, and where its tables are."""
    return request.param  # type: ignore[no-any-return]  # of PLACED


@pytest.fixture
def backend(placed: tuple[str, dict[str, Any]], backends: dict[str, Backend]) -> Iterator[Backend]:
    backend = backends[placed[0]]
    yield backend
    backend.check()


@pytest.fixture
def place(
    backend: Backend, placed: tuple[str, dict[str, Any]], janitors: dict[str, sa.Engine]
) -> Iterator[dict[str, Any]]:
    """Where the tables are, empty; the host's own `accounts_users` is beside them."""
    _, place = placed
    engine = janitors.setdefault(backend.url, create_engine(backend.url))
    if "schema" in place and not sa.inspect(engine).has_schema(place["schema"]):
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(place["schema"]))
    migrate(engine, **place)
    yield place
    with engine.begin() as connection:
        for table in reversed(tables_for(**place).metadata_on(engine.dialect.name).sorted_tables):
            if not table.name.endswith(VERSION_TABLE.removeprefix("accounts_")):
                connection.execute(table.delete())


@pytest.fixture
def make_store(backend: Backend, place: dict[str, Any]) -> MakeStore:
    return lambda *subscribers: backend.store(*subscribers, **place)


@pytest.fixture
def limits(backend: Backend, place: dict[str, Any]) -> RateLimiter:
    if backend.is_async:
        return AsyncSqlRateLimiter(backend.engine, **place)
    return SqlRateLimiter(backend.engine, **place)


class TestOutbox(OutboxContract): ...


class TestTeamReads(TeamReaderContract): ...


@pytest.mark.long
class TestCleanup(CleanupContract): ...


class TestRateLimiter(RateLimiterContract): ...


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
async def test_a_store_keeps_to_its_place(backend: Backend, place: dict[str, Any], fast: bool) -> None:
    backend.clear()
    inside: AnySqlStore = backend.store(**place, fast=fast)
    await keep(inside, a_user(name="Inside"))
    await keep(backend.store(), a_user(name="Outside"), a_user(2))

    async with inside.reader() as reader:
        found = await reader.users.find(UserId(1))
        assert found is not None
        assert found.name == "Inside"
        assert await reader.users.find(UserId(2)) is None


async def test_a_hosts_own_statements_keep_their_names(backend: Backend, place: dict[str, Any]) -> None:
    """On one connection, in one transaction, the host's `accounts_users` is its own."""
    backend.clear()
    count = sa.text("SELECT count(*) FROM accounts_users")
    if backend.is_async:
        async with backend.engine.connect() as connection:
            await keep(AsyncSqlStore(connection, **place), a_user())
            assert (await connection.execute(count)).scalar_one() == 0
    else:
        with backend.engine.connect() as connection:
            await keep(SqlStore(connection, **place), a_user())
            assert connection.execute(count).scalar_one() == 0


async def test_limits_keep_to_their_place(backend: Backend, limits: RateLimiter) -> None:
    once = RateLimit(1, at(1) - at(0))

    await limits.consume("sign-in", {"jane": once}, now=at(0))
    await backend.limits().consume("sign-in", {"jane": once}, now=at(0))
    await backend.limits().reset("sign-in", "jane")
