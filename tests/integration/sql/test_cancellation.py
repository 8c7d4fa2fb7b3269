"""A task that is cancelled, wherever it stands, gives its connection back and leaves nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, AnySqlStore, Backend
from tests.integration.sql.test_host_engine import store_on

from accounts_core.errors import InfrastructureError
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep

pytestmark = [
    pytest.mark.usefixtures("drive"),
    pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG], indirect=True),
]

JANE = UserId(1)


@asynccontextmanager
async def small_pool(backend: Backend) -> AsyncIterator[Any]:
    """An engine with so few connections that a lost one is missed at once."""
    engine = backend.new_engine(pool_size=2, max_overflow=0, pool_timeout=2)
    try:
        yield engine
        assert engine.pool.checkedout() == 0
    finally:
        await backend.dispose(engine)


async def cancel_after(task: "asyncio.Task[Any]", turns: int, times: int = 1) -> None:
    """Cancel after so many turns of the loop, and wait for the end."""
    for _ in range(turns):
        await asyncio.sleep(0)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with suppress(asyncio.CancelledError, InfrastructureError):
        await task


async def all_is_well(store: AnySqlStore) -> None:
    """Use both connections at the same time, to write and to read."""

    async def use(n: int) -> None:
        async with store.begin() as work:
            await work.users.get(JANE)
        async with store.reader() as reader:
            assert await reader.sessions.resolve(digest_of_session("ses_1")) == (a_session(), a_user())

    await asyncio.wait_for(asyncio.gather(*(use(n) for n in range(6))), timeout=10)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
async def test_cancelled_at_any_turn_of_a_read(backend: Backend, fast: bool, times: int) -> None:
    async with small_pool(backend) as engine:
        store = store_on(engine, fast=fast)
        await keep(store, a_user(), a_session())

        async def read() -> None:
            async with store.reader() as reader:
                for _ in range(3):
                    await reader.sessions.resolve_with_cards(digest_of_session("ses_1"))

        for turns in range(25):
            await cancel_after(asyncio.create_task(read()), turns, times)

        await all_is_well(store)


@pytest.mark.parametrize("times", [1, 3])
async def test_cancelled_at_any_turn_of_a_unit(backend: Backend, times: int) -> None:
    async with small_pool(backend) as engine:
        store = store_on(engine)
        await keep(store, a_user(), a_session())

        async def write(id: int) -> None:
            async with store.begin() as work:
                await work.users.add(a_user(id))
                await work.teams.next_id()
                await work.users.add(a_user(id + 1))

        for turns in range(40):
            await cancel_after(asyncio.create_task(write(10 + 2 * turns)), turns, times)

        await all_is_well(store)
        async with store.reader() as reader:
            for first in range(10, 90, 2):
                both = [await reader.users.find(UserId(n)) is not None for n in (first, first + 1)]
                assert both in ([True, True], [False, False])


async def test_cancelled_while_it_waits_for_a_connection(backend: Backend) -> None:
    async with small_pool(backend) as engine:
        store = store_on(engine)
        await keep(store, a_user(), a_session())

        async def read() -> None:
            async with store.reader() as reader:
                await reader.users.find(JANE)

        async with engine.connect(), engine.connect():
            tasks = [asyncio.create_task(read()) for _ in range(3)]
            await asyncio.sleep(0.01)
            for task in tasks:
                task.cancel()
            assert [type(outcome) for outcome in await asyncio.gather(*tasks, return_exceptions=True)] == [
                asyncio.CancelledError
            ] * 3

        await all_is_well(store)


async def test_a_unit_that_waits_for_a_lock_can_be_cancelled(backend: Backend) -> None:
    async with small_pool(backend) as engine:
        store = store_on(engine)
        await keep(store, a_user(), a_session())

        async def lock() -> None:
            async with store.begin() as work:
                await work.users.get(JANE, lock=True)

        async with store.begin() as work:
            await work.users.get(JANE, lock=True)
            waiting = asyncio.create_task(lock())
            await asyncio.sleep(0.05)
            waiting.cancel()
            if backend.driver == ASYNCPG:  # on SQLite the thread waits on, for as long as its time limit says
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(waiting, timeout=2)

        with suppress(asyncio.CancelledError):
            await waiting
        await all_is_well(store)


async def test_a_body_that_is_cancelled_rolls_back(backend: Backend) -> None:
    async with small_pool(backend) as engine:
        store = store_on(engine)
        await keep(store, a_user(), a_session())

        async def linger() -> None:
            async with store.begin() as work:
                await work.users.add(a_user(2))
                result = await work.connection.execute(sa.text("SELECT 1"))
                assert result.scalar_one() == 1
                await asyncio.sleep(10)

        task = asyncio.create_task(linger())
        await asyncio.sleep(0.05)
        await cancel_after(task, 0)

        async with store.reader() as reader:
            assert await reader.users.find(UserId(2)) is None
        await all_is_well(store)
