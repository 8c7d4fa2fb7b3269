"""Limits, beyond their contract: shared by processes, deaf to rollbacks, and swept."""

# ruff: noqa: PT012  a store refuses at commit: `raises` has to hold the whole unit of work

import asyncio
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, Backend
from tests.integration.sql.test_engines import asked

from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.model.ids import UserId
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import a_user, at
from accounts_sql import AsyncSqlRateLimiter, AsyncSqlStore, SqlRateLimiter
from accounts_sql.repositories.attempts import SWEEP_EVERY
from accounts_sql.tables import attempts

pytestmark = pytest.mark.usefixtures("drive")

on_postgresql = pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)

MINUTE = at(1) - at(0)
COUNT = str(sa.select(sa.func.count()).select_from(attempts))


def limits_on(engine: Any) -> RateLimiter:
    return SqlRateLimiter(engine) if isinstance(engine, sa.Engine) else AsyncSqlRateLimiter(engine)


@on_postgresql
async def test_an_attempt_counts_though_the_unit_around_it_rolls_back(backend: Backend) -> None:
    """Not on SQLite: its one writer at a time is the unit, and the attempt would wait for its end."""
    once = RateLimit(1, MINUTE)
    with pytest.raises(ZeroDivisionError):
        async with backend.store().begin() as work:
            await work.users.add(a_user())
            await backend.limits().consume("sign-in", {"jane": once}, now=at(0))
            raise ZeroDivisionError

    with pytest.raises(RateLimitExceeded):
        await backend.limits().consume("sign-in", {"jane": once}, now=at(0))


async def test_engines_of_several_processes_count_together(backend: Backend) -> None:
    engines = [backend.new_engine() for _ in range(3)]
    consume = [
        partial(limits_on(engine).consume, "sign-in", {"jane": RateLimit(5, MINUTE)}, now=at(0)) for engine in engines
    ]

    outcomes = await backend.concurrently(*consume * 6)

    assert outcomes.count(None) == 5
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RateLimitExceeded] * 13
    for engine in engines:
        await backend.dispose(engine)


@on_postgresql
async def test_a_hosts_stricter_isolation_does_not_hide_the_others_attempts(backend: Backend) -> None:
    engine = backend.new_engine(isolation_level="REPEATABLE READ")
    consume = partial(limits_on(engine).consume, "sign-in", {"jane": RateLimit(3, MINUTE)}, now=at(0))

    outcomes = await backend.concurrently(*[consume] * 12)

    assert outcomes.count(None) == 3
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RateLimitExceeded] * 9
    await backend.dispose(engine)


@pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG], indirect=True)
async def test_more_attempts_at_once_than_may_wait_are_told_so_and_counted_nowhere(backend: Backend) -> None:
    limits = AsyncSqlRateLimiter(backend.engine, max_concurrent=1, max_waiting=2, max_waiting_each=2)
    consume = partial(limits.consume, "sign-in", {"jane": RateLimit(100, MINUTE)}, now=at(0))

    outcomes = await backend.concurrently(*[consume] * 7)

    assert outcomes.count(None) == 3
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Unavailable] * 4
    assert await asked(backend.engine, COUNT) == 3
    assert await backend.concurrently(*[consume] * 3) == [None] * 3


@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_attempts_that_wait_leave_the_connections_to_those_who_read(backend: Backend) -> None:
    engine = backend.new_engine(pool_size=6, max_overflow=0)
    limits = AsyncSqlRateLimiter(engine, max_concurrent=4, max_waiting=40)
    async with backend.engine.connect() as somebody, engine.connect() as blocker:
        await somebody.execute(sa.text(f"LOCK TABLE {attempts.name} IN ACCESS EXCLUSIVE MODE"))
        waiting = [
            asyncio.create_task(limits.consume("sign-in", {f"jane{n}": RateLimit(100, MINUTE)}, now=at(0)))
            for n in range(40)
        ]
        await asyncio.sleep(0.1)

        async with AsyncSqlStore(engine).reader() as reader:
            assert await reader.users.find(UserId(1)) is None

        assert not [task for task in waiting if task.done()]
        await somebody.rollback()
        await blocker.rollback()
    await asyncio.gather(*waiting)
    await backend.dispose(engine)


@pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG], indirect=True)
@pytest.mark.parametrize("subject", ["user:7", "client:192.0.2.1", "account:victim@example.org"])
async def test_a4_one_who_floods_the_limits_waits_for_themself(backend: Backend, subject: str) -> None:
    """Everybody's scope is in every attempt, and is nobody's: it makes no flood of those who come beside one."""
    limits = AsyncSqlRateLimiter(backend.engine, max_concurrent=1, max_waiting=20, max_waiting_each=3)
    often, order = RateLimit(1000, MINUTE), list[str]()

    async def consume(name: str, scopes: dict[str, RateLimit]) -> None:
        await limits.consume("sign-in", {**scopes, "all:": often}, now=at(0))
        order.append(name)

    flood = [asyncio.create_task(consume("flood", {subject: often, f"client:{n}": often})) for n in range(220)]
    await asyncio.sleep(0)
    jane = asyncio.create_task(consume("jane", {"account:jane@example.org": often, "client:203.0.113.9": often}))
    outcomes = await asyncio.gather(*flood, jane, return_exceptions=True)

    assert order == ["flood", "jane", "flood", "flood", "flood"]
    assert [type(each) for each in outcomes if each is not None] == [Unavailable] * (220 - 4)


@pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG], indirect=True)
async def test_an_attempt_that_is_cancelled_while_it_waits_frees_its_place(backend: Backend) -> None:
    limits = AsyncSqlRateLimiter(backend.engine, max_concurrent=1, max_waiting=1)
    consume = partial(limits.consume, "write", {"user:7": RateLimit(1000, MINUTE)}, now=at(0))
    running, waiting = asyncio.create_task(consume()), asyncio.create_task(consume())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await consume()

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await consume()
    await running
    assert await asked(backend.engine, COUNT) == 2


async def test_attempts_that_no_longer_count_are_swept_whoever_made_them(backend: Backend) -> None:
    limits = backend.limits()
    for n in range(5):
        await limits.consume("sign-in", {f"once-{n}": RateLimit(1, MINUTE)}, now=at(0))
    for n in range(SWEEP_EVERY):
        await limits.consume("recovery", {f"later-{n}": RateLimit(1, MINUTE)}, now=at(10))

    assert await asked(backend.engine, COUNT) == SWEEP_EVERY


async def test_the_database_does_not_say_whose_attempts_they_were(backend: Backend) -> None:
    await backend.limits().consume("sign-in", {"jane@example.org": RateLimit(1, MINUTE)}, now=at(0))

    scope = await asked(backend.engine, str(sa.select(attempts.c.scope)))

    assert b"jane" not in bytes(scope)


async def test_any_text_is_a_scope(backend: Backend) -> None:
    for scope in ("", "a\0b", "a\ud800b", "x" * 100_000):
        await backend.limits().consume("sign-in", {scope: RateLimit(1, MINUTE)}, now=at(0))
        with pytest.raises(RateLimitExceeded):
            await backend.limits().consume("sign-in", {scope: RateLimit(1, MINUTE)}, now=at(0))
