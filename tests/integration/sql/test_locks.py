"""Who waits for whom, seen by a wait that is cut short: no race has to come about for it."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, SQLITE, Backend
from tests.integration.sql.test_host_engine import store_on

from accounts_core.errors import Conflict, Unavailable
from accounts_core.model.ids import TeamId, UserId
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON, a_job, a_team, a_user, at
from accounts_core.testing.harness import keep
from accounts_sql import SqlRateLimiter
from accounts_sql.connections.executors import SyncExecutor
from accounts_sql.connections.transactions import transaction
from accounts_sql.repositories.attempts import Attempts
from accounts_sql.tables.location import Location

pytestmark = pytest.mark.usefixtures("drive")

on_postgresql = pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)
on_psycopg = pytest.mark.parametrize("backend", [PSYCOPG], indirect=True)
on_sqlite = pytest.mark.parametrize("backend", [SQLITE], indirect=True)

NO_TIME = "SET LOCAL lock_timeout = '20ms'"

Step = Callable[[Any], Coroutine[Any, Any, object]]


async def lock_user(work: Any) -> None:
    await work.users.get(UserId(1), lock=True)


async def lock_team(work: Any) -> None:
    await work.teams.get(TeamId(1), lock=True)


async def in_no_time(backend: Backend, step: Step) -> object:
    """Take a step in a unit that waits for no lock. Raises `Conflict` where it would have to."""
    async with backend.store().begin() as work:
        result = work.connection.execute(sa.text(NO_TIME))
        if backend.is_async:
            await result
        return await step(work)


@on_postgresql
@pytest.mark.parametrize("lock", [lock_user, lock_team], ids=["user", "team"])
async def test_whoever_locks_what_is_locked_waits(backend: Backend, lock: Step) -> None:
    store = backend.store()
    await keep(store, a_user(), a_team())

    async with store.begin() as work:
        await lock(work)
        with pytest.raises(Conflict):
            await in_no_time(backend, lock)


@on_postgresql
async def test_a_job_that_somebody_is_claiming_is_nobody_elses_and_nobody_waits_for_it(backend: Backend) -> None:
    store = backend.store()
    async with store.begin() as work:
        await work.outbox.add(a_job())

    async def claim(work: Any) -> object:
        return await work.outbox.claim(now=NOON, until=at(5), lease="lea_1", limit=1)

    async with store.begin() as work:
        assert await claim(work) != []
        assert await in_no_time(backend, claim) == []


@on_psycopg
async def test_whoever_counts_where_somebody_is_counting_waits(backend: Backend) -> None:
    once = RateLimit(1, at(1) - at(0))
    impatient = backend.new_engine(connect_args={"options": "-c lock_timeout=20ms"})
    with transaction(backend.engine) as connection:
        # half of `consume`: its transaction stays open
        await Attempts().consume(SyncExecutor(connection, Location()), "sign-in", {"jane": once}, at(0))
        with pytest.raises(Conflict):
            await SqlRateLimiter(impatient).consume("sign-in", {"jane": once}, now=at(0))
        await SqlRateLimiter(impatient).consume("sign-in", {"john": once}, now=at(0))
    await backend.dispose(impatient)


@on_sqlite
async def test_a_unit_that_has_only_read_so_far_is_the_one_writer(backend: Backend) -> None:
    """Else its first write could fail at once, whatever time it has: somebody wrote since it read."""
    await keep(backend.store(), a_user())
    impatient = backend.new_engine()
    sa.event.listen(impatient, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=20"))

    async with backend.store().begin() as work:
        user = await work.users.get(UserId(1))
        with pytest.raises(Unavailable, match=r"holds the lock .* call accounts\.in_transaction"):
            await keep(store_on(impatient), a_user(2))
        await work.users.save(user)
    await backend.dispose(impatient)
