"""Hashing beside an event loop: what goes on meanwhile, and where the bounds are."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import wraps
from typing import ParamSpec

import pytest

from accounts_argon2 import AsyncArgon2Hasher, Cost
from accounts_core.errors import Unavailable
from accounts_core.model.passwords import Password
from accounts_core.testing.contracts import ClosesContract, PasswordHasherContract
from accounts_core.testing.harness import Drive

P = ParamSpec("P")

PASSWORD = Password("correct horse battery staple")
CHEAP = Cost(memory_kib=8, passes=1)
SLOW = Cost(memory_kib=64 * 1024, passes=2)
"""About a tenth of a second: long enough to do something meanwhile."""


class TestThreaded(PasswordHasherContract):
    """Argon2 in threads beside an event loop."""

    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def hasher(self, drive: Drive) -> Iterator[AsyncArgon2Hasher]:
        made = AsyncArgon2Hasher(CHEAP)
        yield made
        drive(made.close())

    @pytest.fixture
    def other_hasher(self, drive: Drive) -> Iterator[AsyncArgon2Hasher]:
        made = AsyncArgon2Hasher(Cost(memory_kib=16, passes=2))
        yield made
        drive(made.close())


class TestClosing(ClosesContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def part(self) -> AsyncArgon2Hasher:
        return AsyncArgon2Hasher(CHEAP)

    @pytest.fixture
    def use(self, part: AsyncArgon2Hasher) -> Callable[[], Coroutine[object, object, object]]:
        return lambda: part.hash(PASSWORD)


def in_loop(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def hashing_threads() -> int:
    return sum(thread.name.startswith("accounts-argon2") for thread in threading.enumerate())


@asynccontextmanager
async def hasher(cost: Cost, *, max_concurrent: int = 1, max_waiting: int = 256) -> AsyncIterator[AsyncArgon2Hasher]:
    async with AsyncArgon2Hasher(cost, max_concurrent=max_concurrent, max_waiting=max_waiting) as made:
        yield made
    assert hashing_threads() == 0


@in_loop
async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    async with hasher(SLOW) as hashes:
        hashing = asyncio.ensure_future(hashes.hash(PASSWORD))
        steps = 0
        while not hashing.done():
            await asyncio.sleep(0)
            steps += 1

    assert steps > 1  # the first step starts the hash, and would end with it if that blocked the loop


@in_loop
async def test_no_more_run_at_once_than_allowed() -> None:
    async with hasher(CHEAP, max_concurrent=2) as hashes:
        await asyncio.gather(*(hashes.hash(PASSWORD) for _ in range(50)))

        assert hashing_threads() == 2


@in_loop
async def test_one_more_than_may_wait_is_refused_and_the_others_are_served() -> None:
    async with hasher(SLOW, max_concurrent=1, max_waiting=2) as hashes:
        outcomes = await asyncio.gather(*(hashes.hash(PASSWORD) for _ in range(5)), return_exceptions=True)

        assert [isinstance(outcome, Unavailable) for outcome in outcomes] == [False, False, False, True, True]
        assert await hashes.verify(await hashes.hash(PASSWORD), PASSWORD)


@in_loop
async def test_a_task_that_is_cancelled_while_it_waits_frees_its_place() -> None:
    async with hasher(SLOW, max_concurrent=1, max_waiting=1) as hashes:
        running = asyncio.ensure_future(hashes.hash(PASSWORD))
        waiting = asyncio.ensure_future(hashes.hash(PASSWORD))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await hashes.hash(PASSWORD)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert await hashes.verify(await hashes.hash(PASSWORD), PASSWORD)
        assert (await running).reveal()


@in_loop
async def test_a_hash_whose_task_was_cancelled_keeps_its_place_until_it_ends() -> None:
    async with hasher(SLOW, max_concurrent=1, max_waiting=0) as hashes:
        running = asyncio.ensure_future(hashes.hash(PASSWORD))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        with pytest.raises(Unavailable):
            await hashes.hash(PASSWORD)


@in_loop
async def test_closing_waits_for_what_was_asked_before_and_refuses_what_comes_meanwhile() -> None:
    async with hasher(SLOW, max_concurrent=1) as hashes:
        asked = [asyncio.ensure_future(hashes.hash(PASSWORD)) for _ in range(2)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(hashes.close())
        while not hashes._lanes._is_closed:  # noqa: ASYNC110  it is closed in another thread, which sets no asyncio.Event
            await asyncio.sleep(0.001)

        with pytest.raises(Unavailable, match="This password hasher is being closed"):
            await hashes.hash(PASSWORD)
        await closing
        assert all([(await made).reveal().startswith("$argon2id$") for made in asked])


def test_e18_a_hasher_that_was_closed_is_used_again_on_another_event_loop() -> None:
    hashes = AsyncArgon2Hasher(CHEAP, max_concurrent=1)

    async def lifespan() -> bool:
        async with hashes:
            return await hashes.verify(await hashes.hash(PASSWORD), PASSWORD)

    assert [asyncio.run(lifespan()) for _ in range(3)] == [True] * 3
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("accounts-argon2")] == []


def test_one_hasher_serves_one_event_loop_after_another() -> None:
    hashes = AsyncArgon2Hasher(CHEAP)

    made = asyncio.run(hashes.hash(PASSWORD))
    assert asyncio.run(hashes.verify(made, PASSWORD))

    asyncio.run(hashes.close())


@pytest.mark.parametrize(("max_concurrent", "max_waiting"), [(0, 1), (1, -1)])
def test_bounds_without_sense_are_refused(max_concurrent: int, max_waiting: int) -> None:
    with pytest.raises(ValueError, match="must be >="):
        AsyncArgon2Hasher(CHEAP, max_concurrent=max_concurrent, max_waiting=max_waiting)
