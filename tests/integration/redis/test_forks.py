"""F1: limits in Redis across a fork."""

import asyncio
import os
from datetime import timedelta
from typing import Any

import pytest
import redis
import redis.asyncio
from tests.integration.forks.children import fork, held

from accounts_core.errors import RateLimitExceeded
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import AsyncRedisRateLimiter, RedisRateLimiter

TIMES = 50


@pytest.mark.parametrize("whose", ["ours", "the host's", "the host's single connection"])
def test_f1_children_count_in_redis_over_connections_of_their_own(redis_url: RedisUrl, whose: str) -> None:
    prefix = f"fork-{os.getpid()}-{whose}"
    if whose == "ours":
        limits = RedisRateLimiter.connect(redis_url, prefix=prefix)
    else:
        client = redis.Redis.from_url(redis_url.text, single_connection_client="single" in whose)
        limits = RedisRateLimiter(client, prefix=prefix)

    def consume(name: str, most: int, times: int) -> int:
        counted = 0
        for _ in range(times):
            try:
                run_sync(limits.consume(name, {"everybody": RateLimit(most, timedelta(hours=1))}, now=NOON))
                counted += 1
            except RateLimitExceeded:
                pass
        return counted

    assert consume("warm", 1, 2) == 1
    client_inside: Any = limits._client
    inside = client_inside.connection_pool
    with held(inside._lock, inside._fork_lock):
        children = [fork(lambda: consume("jane", 10, TIMES)), fork(lambda: consume("john", 20, TIMES))]
    of_the_parent = consume("jane", 10, TIMES)
    of_jane, of_john = (child.result() for child in children)

    assert (of_the_parent + of_jane, of_john) == (10, 20)
    assert consume("john", 20, 1) == 0
    limits.close()


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "the host's"])
def test_f1_children_count_in_redis_on_event_loops_of_their_own(redis_url: RedisUrl, is_ours: bool) -> None:
    prefix = f"fork-{os.getpid()}-{is_ours}"

    async def consume(limits: AsyncRedisRateLimiter, name: str, most: int, times: int) -> int:
        counted = 0
        for _ in range(times):
            try:
                await limits.consume(name, {"everybody": RateLimit(most, timedelta(hours=1))}, now=NOON)
                counted += 1
            except RateLimitExceeded:
                pass
        return counted

    async def forking() -> tuple[Any, int]:
        if is_ours:
            limits = AsyncRedisRateLimiter.connect(redis_url, prefix=prefix)
        else:
            limits = AsyncRedisRateLimiter(redis.asyncio.Redis.from_url(redis_url.text), prefix=prefix)
        await consume(limits, "warm", 1, 1)
        child = fork(lambda: asyncio.run(consume(limits, "jane", 10, TIMES)))
        meanwhile = await consume(limits, "john", 20, TIMES)
        seen = child.result()
        assert await consume(limits, "jane", 10, 1) == 0
        await limits.aclose()
        return seen, meanwhile

    assert asyncio.run(forking()) == (10, 20)
