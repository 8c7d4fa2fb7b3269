"""A store on a host's open connection: the host's rows and the accounts' stand and fall together."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, AnySqlStore, Backend

from accounts_core.errors import ConfigurationError, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.model.tokens import digest_of, new_token
from accounts_core.services.profiles import Profiles
from accounts_core.testing.builders import a_session, a_user, at
from accounts_core.testing.harness import keep
from accounts_core.use_cases.sessions.authenticate import Authenticate
from accounts_core.use_cases.sessions.touch_session import TouchSession
from accounts_memory import ManualClock
from accounts_sql import AsyncSqlStore, SqlStore

pytestmark = pytest.mark.usefixtures("drive", "host_table")

CREATE = sa.text("CREATE TABLE host_orders (id INTEGER NOT NULL)")
ORDER = sa.text("INSERT INTO host_orders (id) VALUES (1)")
COUNT = sa.text("SELECT count(*) FROM host_orders")
DROP = sa.text("DROP TABLE host_orders")


class Host:
    """A host's connection, sync or async, behind one set of coroutines."""

    def __init__(self, connection: Any, *, is_async: bool) -> None:
        self.connection, self._is_async = connection, is_async
        self.store: AnySqlStore = AsyncSqlStore(connection) if is_async else SqlStore(connection)

    async def execute(self, statement: sa.TextClause) -> Any:
        result = self.connection.execute(statement)
        return await result if self._is_async else result

    async def end(self, how: str) -> None:
        """Commit or roll back the host's transaction."""
        done = getattr(self.connection, how)()
        if self._is_async:
            await done


@asynccontextmanager
async def connected(backend: Backend, **options: Any) -> AsyncIterator[Host]:
    if backend.is_async:
        async with backend.engine.connect() as connection:
            yield Host(await connection.execution_options(**options), is_async=True)
    else:
        with backend.engine.connect() as connection:
            yield Host(connection.execution_options(**options), is_async=False)


@pytest.fixture
def host_table(backend: Backend) -> Any:
    async def run(statement: sa.TextClause) -> None:
        async with connected(backend) as host:
            await host.execute(statement)
            await host.end("commit")

    backend.drive(run(CREATE))
    yield
    backend.drive(run(DROP))


async def kept(backend: Backend) -> tuple[int, bool]:
    """Return how many orders there are, and whether the user is there, as others see it."""
    async with connected(backend) as host, backend.store().reader() as reader:
        return (await host.execute(COUNT)).scalar_one(), await reader.users.find(UserId(1)) is not None


async def test_a_store_on_a_connection_does_not_commit(backend: Backend) -> None:
    async with connected(backend) as host:
        assert host.store.commits is False
    assert backend.store().commits is True


async def test_a_store_on_a_connection_has_no_rate_limiter(backend: Backend) -> None:
    """E17: the host's rollback would undo the attempts."""
    async with connected(backend) as host:
        with pytest.raises(ConfigurationError) as refusal:
            host.store.rate_limiter()

    assert str(refusal.value) == (
        "This store takes part in the application's transaction, whose rollback would undo the counted attempts. Give"
        " the accounts a rate limiter with connections of its own, such as limits=SqlRateLimiter(engine), or"
        " limits=None for no rate limits."
    )


@pytest.mark.parametrize("order_first", [True, False], ids=["the order first", "the user first"])
@pytest.mark.parametrize(("how", "expected"), [("commit", (1, True)), ("rollback", (0, False))])
async def test_the_hosts_row_and_the_user_commit_and_roll_back_together(
    backend: Backend, order_first: bool, how: str, expected: tuple[int, bool]
) -> None:
    async with connected(backend) as host:
        if order_first:
            await host.execute(ORDER)
        await keep(host.store, a_user())
        if not order_first:
            await host.execute(ORDER)
        await host.end(how)

    assert await kept(backend) == expected


async def test_a_host_that_has_only_read_so_far_can_still_roll_back(backend: Backend) -> None:
    """SQLite's driver has not begun then, and the end of a savepoint would be a commit."""
    async with connected(backend) as host:
        await host.execute(COUNT)
        await keep(host.store, a_user())
        await host.end("rollback")

    assert await kept(backend) == (0, False)


async def test_a_connection_that_is_closed_without_a_word_keeps_nothing(backend: Backend) -> None:
    async with connected(backend) as host:
        await keep(host.store, a_user())

    assert await kept(backend) == (0, False)


async def test_a_unit_that_fails_leaves_the_hosts_own_work_alone(backend: Backend) -> None:
    async with connected(backend) as host:
        await host.execute(ORDER)
        with pytest.raises(EmailTaken):
            await keep(host.store, a_user(1), a_user(2, email=EmailAddress("user1@example.org")))
        await host.end("commit")

    assert await kept(backend) == (1, False)


async def test_units_follow_one_another_in_one_transaction(backend: Backend) -> None:
    async with connected(backend) as host:
        await keep(host.store, a_user(1))
        with pytest.raises(ZeroDivisionError):
            async with host.store.begin() as work:
                await work.users.add(a_user(2))
                raise ZeroDivisionError
        await keep(host.store, a_user(3))
        await host.end("commit")

    async with backend.store().reader() as reader:
        found = [await reader.users.find(UserId(n)) for n in (1, 2, 3)]
    assert [user is not None for user in found] == [True, False, True]


async def test_reads_on_the_connection_see_what_is_not_committed_yet(backend: Backend) -> None:
    async with connected(backend) as host:
        await keep(host.store, a_user())
        async with host.store.reader() as reader:
            assert await reader.users.find(UserId(1)) == a_user()
        await host.end("rollback")


async def test_the_units_connection_is_the_hosts(backend: Backend) -> None:
    async with connected(backend) as host:
        async with host.store.begin() as work:
            assert work.connection is host.connection
        await host.end("rollback")


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_a_connection_that_commits_by_itself_is_refused(backend: Backend) -> None:
    async with connected(backend, isolation_level="AUTOCOMMIT") as host:
        with pytest.raises(ConfigurationError, match="AUTOCOMMIT"):
            await keep(host.store, a_user())

    assert await kept(backend) == (0, False)


@pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
async def test_a_sqlite_connection_without_foreign_keys_is_refused(backend: Backend) -> None:
    async with connected(backend) as host:
        await host.execute(sa.text("PRAGMA foreign_keys=OFF"))
        _pooled(host).info.clear()  # as on a connection that no store has seen
        with pytest.raises(ConfigurationError, match="prepare"):
            await keep(host.store, a_user())
        await host.end("rollback")
        await host.execute(sa.text("PRAGMA foreign_keys=ON"))


def _pooled(host: Host) -> Any:
    connection: sa.Connection = getattr(host.connection, "sync_connection", host.connection)
    return connection.connection


TOKEN = new_token(bytes(32))


def authenticate_in(host: Host) -> Authenticate:
    clock = ManualClock(at(5))
    return Authenticate(host.store, clock, Policy(), TouchSession(host.store, clock), Profiles(None))


@pytest.mark.parametrize(("how", "minutes"), [("commit", 5), ("rollback", 0)])
async def test_e27_a_session_is_touched_in_the_hosts_transaction(backend: Backend, how: str, minutes: int) -> None:
    await keep(backend.store(), a_user(), a_session(digest=digest_of(TOKEN)))
    async with connected(backend) as host:
        assert (await authenticate_in(host)(TOKEN)).touch_due is False
        await host.execute(ORDER)
        await host.end(how)

    async with backend.store().reader() as reader:
        found = await reader.sessions.find("ses_1")
    assert found is not None
    assert found.last_used_at == at(minutes)


@pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
async def test_e27_in_a_hosts_transaction_that_only_reads_the_session_is_good_nevertheless(backend: Backend) -> None:
    await keep(backend.store(), a_user(), a_session(digest=digest_of(TOKEN)))
    async with connected(backend, postgresql_readonly=True) as host:
        caller = await authenticate_in(host)(TOKEN)
        assert (await host.execute(COUNT)).scalar_one() == 0

    assert (caller.user, caller.touch_due) == (a_user(), True)
