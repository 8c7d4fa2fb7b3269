"""The blocking and the asynchronous limiter in Redis, each with what a test needs to drive it."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar

import attrs

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.sync import run_sync
from accounts_core.testing.harness import Concurrently, Thunk
from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import AsyncRedisRateLimiter, RedisRateLimiter

T = TypeVar("T")

BLOCKING, ASYNC = MODES = ("blocking", "async")
QUICK_SECONDS: Final = 0.2
"""A time limit for what is to run into it."""


class Mode(Protocol):
    """Makes limiters, and closes them at the end."""

    @property
    def concurrently(self) -> Concurrently: ...
    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...
    async def breathe(self) -> None:
        """Let an event loop turn once."""
        ...

    def limits(self, url: RedisUrl, **options: Any) -> RateLimiter: ...


@attrs.frozen
class Blocking:
    _made: list[RedisRateLimiter] = attrs.field(factory=list)

    @property
    def concurrently(self) -> Concurrently:
        from accounts_core.testing.plugin import in_threads  # pytest has to be the first to import its plugin

        return in_threads

    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        return run_sync(coroutine)

    async def breathe(self) -> None:
        return

    def limits(self, url: RedisUrl, **options: Any) -> RedisRateLimiter:
        self._made.append(RedisRateLimiter.connect(url, **options))
        return self._made[-1]

    def close(self) -> None:
        for limits in self._made:
            limits.close()


@attrs.frozen
class Async:
    _runner: asyncio.Runner
    _made: list[AsyncRedisRateLimiter] = attrs.field(factory=list)

    @property
    def concurrently(self) -> Concurrently:
        return gather

    def drive(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        return self._runner.run(coroutine)

    async def breathe(self) -> None:
        await asyncio.sleep(0)

    def limits(self, url: RedisUrl, **options: Any) -> AsyncRedisRateLimiter:
        self._made.append(AsyncRedisRateLimiter.connect(url, **options))
        return self._made[-1]

    async def close(self) -> None:
        for limits in self._made:
            await limits.aclose()
        tasks = asyncio.all_tasks() - {task for task in [asyncio.current_task()] if task}
        assert tasks == set(), "a task still runs"


async def gather(*thunks: Thunk) -> list[Any]:
    return await asyncio.gather(*(thunk() for thunk in thunks), return_exceptions=True)


@contextmanager
def opened(name: str) -> Iterator[Mode]:
    """Open a mode; afterwards close the limiters that it made."""
    if name == BLOCKING:
        blocking = Blocking()
        yield blocking
        blocking.close()
        return
    with asyncio.Runner() as runner:
        mode = Async(runner)
        yield mode
        runner.run(mode.close())
