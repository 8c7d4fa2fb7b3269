"""Connections handed from read to read: none is lost, none is kept from the units of work."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import Unavailable
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import a_user
from accounts_sql import AsyncSqlStore, create_async_engine, migrate_async

JANE = UserId(1)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[tuple[AsyncSqlStore, AsyncEngine]]:
    engine = create_async_engine(url, **options)
    try:
        await migrate_async(engine)
        store = AsyncSqlStore(engine)
        async with store.begin() as work:
            await work.users.add(a_user())
        yield store, engine
        assert checked_out(engine) == 0
    finally:
        await engine.dispose()


def checked_out(engine: AsyncEngine) -> int:
    assert isinstance(engine.pool, sa.AsyncAdaptedQueuePool)
    return engine.pool.checkedout()


async def read(store: AsyncSqlStore) -> bool:
    async with store.reader() as reader:
        return await reader.users.find(JANE) is not None


def test_many_reads_share_all_connections_but_one(postgres_url: str) -> None:
    most = 0

    async def scenario() -> None:
        nonlocal most
        async with opened(postgres_url, pool_size=4, max_overflow=4) as (store, engine):
            reads = [asyncio.create_task(read(store)) for _ in range(200)]
            while not all(task.done() for task in reads):
                most = max(most, checked_out(engine))
                await asyncio.sleep(0)

            assert all([await task for task in reads])

    asyncio.run(scenario())

    assert most == 3


def test_a_unit_of_work_gets_its_turn_beside_any_number_of_reads(postgres_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgres_url, pool_size=2, max_overflow=0) as (store, _):
            stop = asyncio.Event()

            async def read_on() -> None:
                while not stop.is_set():
                    await read(store)

            readers = [asyncio.create_task(read_on()) for _ in range(20)]
            async with asyncio.timeout(10):
                for _ in range(5):
                    async with store.begin() as work:
                        await work.users.get(JANE, lock=True)
            stop.set()
            await asyncio.gather(*readers)

    asyncio.run(scenario())


def test_a_cancelled_read_loses_no_connection_wherever_it_was(postgres_url: str) -> None:
    chance = random.Random(42)

    async def scenario() -> None:
        async with opened(postgres_url, pool_size=3, max_overflow=0) as (store, _):
            for _ in range(30):
                reads = [asyncio.create_task(read(store)) for _ in range(12)]
                for _ in range(chance.randrange(8)):
                    await asyncio.sleep(0)
                for task in chance.sample(reads, 6):
                    task.cancel()
                outcomes = await asyncio.gather(*reads, return_exceptions=True)
                assert all(outcome is True or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            async with asyncio.timeout(5):
                assert all(await asyncio.gather(*[read(store) for _ in range(20)]))

    asyncio.run(scenario())


def test_a_read_cancelled_in_the_moment_of_its_turn_passes_the_connection_on(postgres_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgres_url, pool_size=2, max_overflow=0) as (store, _):
            reads = [asyncio.create_task(read(store)) for _ in range(3)]
            # the turn is set when the read before it ends: from then on the second one is on its way out
            await reads[0]
            reads[1].cancel()

            outcomes = await asyncio.gather(*reads, return_exceptions=True)
            assert outcomes[0] is True
            assert outcomes[2] is True
            async with asyncio.timeout(5):
                assert await read(store)

    asyncio.run(scenario())


def test_a_read_that_waits_too_long_is_told_so(postgres_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgres_url, pool_size=2, max_overflow=0, pool_timeout=1) as (store, engine):
            async with engine.connect() as blocker, engine.connect():  # every connection is in use
                with pytest.raises(Unavailable):
                    await read(store)
                await blocker.rollback()
            assert await read(store)

    asyncio.run(scenario())


def test_reads_that_lose_their_connections_go_on_with_new_ones(postgres_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgres_url, pool_size=4, max_overflow=0) as (store, engine):
            assert all(await asyncio.gather(*[read(store) for _ in range(20)]))
            killer = create_async_engine(postgres_url)
            async with killer.connect() as connection:
                await connection.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            await killer.dispose()
            async with asyncio.timeout(10):
                outcomes = await asyncio.gather(*[read(store) for _ in range(40)], return_exceptions=True)
                assert all(outcome is True or isinstance(outcome, Unavailable) for outcome in outcomes)
                assert all(await asyncio.gather(*[read(store) for _ in range(40)]))
            assert checked_out(engine) == 0

    asyncio.run(scenario())
