"""E23: DDL beside a running service makes prepared statements stale; that costs a retry, and is no error."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from tests.driven import accounts_of
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, AnySqlStore, Backend
from tests.integration.sql.test_host_connection import connected
from tests.integration.sql.test_in_transaction import JANE, ports

from accounts_core import Accounts
from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.rate_limits import RateLimit
from accounts_core.testing.builders import NOON, a_user
from accounts_core.testing.harness import Drive, keep
from accounts_sql.connections.translation import StaleStatement

pytestmark = pytest.mark.usefixtures("drive")
ON_POSTGRESQL = pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)

ID = UserId(1)
PREPARES_AFTER = 6
"""psycopg prepares a statement when it runs for the sixth time on a connection."""

A_HUNDRED = RateLimit(100, timedelta(hours=1))


def execute(backend: Backend, *statements: str) -> None:
    with psycopg.connect(backend.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def alter(backend: Backend, drive: Drive) -> Iterator[Callable[[], None]]:
    """Change the type of a column of each table that is read, which a plan with its result cannot survive."""

    def change() -> None:
        execute(
            backend,
            "ALTER TABLE accounts_users ALTER COLUMN name TYPE varchar",
            "ALTER TABLE accounts_sessions ALTER COLUMN user_agent TYPE varchar",
            "ALTER TABLE accounts_attempts ALTER COLUMN made_at TYPE timestamptz(3)",
        )

    yield change
    execute(
        backend,
        "ALTER TABLE accounts_users ALTER COLUMN name TYPE text",
        "ALTER TABLE accounts_sessions ALTER COLUMN user_agent TYPE text",
        "ALTER TABLE accounts_attempts ALTER COLUMN made_at TYPE timestamptz",
    )
    drive(backend.dispose(backend.engine))  # other tests share it, and their statements would be stale


async def warm(store: AnySqlStore) -> None:
    """Prepare the statements on every connection that is open."""
    for _ in range(PREPARES_AFTER * 3):
        async with store.begin() as work:
            await work.users.get(ID, lock=True)
        async with store.reader() as reader:
            await reader.users.find(ID)


@ON_POSTGRESQL
async def test_a_read_and_a_unit_of_work_go_on(backend: Backend, alter: Callable[[], None]) -> None:
    store = backend.store()
    await keep(store, a_user())
    await warm(store)

    alter()

    async with store.reader() as reader:
        assert await reader.users.find(ID) == a_user()
    await warm(store)


@ON_POSTGRESQL
async def test_a_unit_of_work_goes_on_first(backend: Backend, alter: Callable[[], None]) -> None:
    """Several connections of the pool have prepared the statement."""
    store = backend.store()
    await keep(store, a_user())

    async def unit() -> None:
        for _ in range(PREPARES_AFTER * 2):
            async with store.begin() as work:
                await work.users.get(ID)
                await work.users.get(ID)

    results = await backend.concurrently(unit, unit, unit)
    assert results == [None] * 3

    alter()

    for _ in range(4):
        async with store.begin() as work:
            user = await work.users.get(ID, lock=True)
            await work.users.save(user.with_balance(user.balance + 1))
    async with store.reader() as reader:
        found = await reader.users.find(ID)
    assert found is not None
    assert found.balance == 4


@ON_POSTGRESQL
async def test_a_read_through_sqlalchemy_goes_on(backend: Backend, alter: Callable[[], None]) -> None:
    store = backend.store(fast=False)
    await keep(store, a_user())
    await warm(store)

    alter()

    async with store.reader() as reader:
        assert await reader.users.find(ID) == a_user()


@ON_POSTGRESQL
async def test_limits_go_on(backend: Backend, alter: Callable[[], None]) -> None:
    limits = backend.limits()
    for _ in range(PREPARES_AFTER + 1):
        await limits.consume("sign-in", {"client:192.0.2.7": A_HUNDRED}, now=NOON)

    alter()

    await limits.consume("sign-in", {"client:192.0.2.7": A_HUNDRED}, now=NOON)


@ON_POSTGRESQL
async def test_calls_of_the_facade_go_on(backend: Backend, alter: Callable[[], None]) -> None:
    accounts: Accounts = accounts_of(**ports(backend.store()))
    jane = await accounts.register(**JANE)
    for n in range(PREPARES_AFTER + 1):
        await accounts.update_profile(jane.id, name=f"Jane {n}")
        assert (await accounts.profile(jane.id)).name == f"Jane {n}"

    alter()

    await accounts.update_profile(jane.id, name="Jane Roe")
    assert (await accounts.profile(jane.id)).name == "Jane Roe"


@ON_POSTGRESQL
async def test_a_unit_that_the_host_has_used_is_not_begun_again(backend: Backend, alter: Callable[[], None]) -> None:
    """Its own statements would be lost without a word."""
    store = backend.store()
    await keep(store, a_user())
    await warm(store)

    alter()

    with pytest.raises(StaleStatement):
        for _ in range(3):
            async with store.begin() as work:
                result = work.connection.execute(sa.text("SELECT 1"))
                if backend.is_async:
                    await result
                await work.users.get(ID, lock=True)


@ON_POSTGRESQL
async def test_on_a_connection_of_the_host_it_is_a_conflict(backend: Backend, alter: Callable[[], None]) -> None:
    await keep(backend.store(), a_user())
    async with connected(backend) as host:
        await warm(host.store)
        await host.end("commit")

        alter()

        with pytest.raises(Conflict, match="Begin the transaction again"):
            async with host.store.begin() as work:
                await work.users.get(ID, lock=True)
        await host.end("rollback")
        async with host.store.begin() as work:
            assert await work.users.get(ID, lock=True) == a_user()
        await host.end("rollback")
