"""E18: limits in Redis, of an application whose lifespan begins a second time, on another event loop."""

import asyncio
import gc

import pytest

from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts.rate_limiter import TWICE_AN_HOUR
from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import AsyncRedisRateLimiter, RedisRateLimiter


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "left open"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_e18_limits_count_on_one_event_loop_after_another(redis_url: RedisUrl, is_closed: bool) -> None:
    limits = AsyncRedisRateLimiter.connect(redis_url)

    async def lifespan(number: int) -> None:
        calls = (limits.consume("sign-in", {f"user-{number}-{n}": TWICE_AN_HOUR}, now=NOON) for n in range(20))
        await asyncio.gather(*calls)
        if is_closed:
            await limits.aclose()

    for number in range(3):
        asyncio.run(lifespan(number))
    asyncio.run(limits.aclose())
    gc.collect()  # warns here of what was left open


def test_e18_limits_without_an_event_loop_count_after_they_were_closed(redis_url: RedisUrl) -> None:
    limits = RedisRateLimiter.connect(redis_url)

    for number in range(3):
        run_sync(limits.consume("sign-in", {f"user-{number}": TWICE_AN_HOUR}, now=NOON))
        limits.close()
