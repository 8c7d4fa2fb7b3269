"""Where attempts are counted: in the database, or in Redis where there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_cli.failures import CommandFailed
from accounts_core.errors import Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_redis import RedisUrl
from accounts_sql import AsyncSqlRateLimiter

_CHECK: Final = "check"
_OFTEN: Final = RateLimit(1000, timedelta(minutes=1))


@asynccontextmanager
async def open_limits(url: RedisUrl | None, engine: AsyncEngine) -> AsyncIterator[RateLimiter]:
    """Count in Redis, else in the database. Until Redis is there, what is limited is unavailable; all else works."""
    if url is None:
        yield AsyncSqlRateLimiter(engine)
        return
    from accounts_redis.rate_limiter import AsyncRedisRateLimiter

    limits = AsyncRedisRateLimiter.connect(url)
    try:
        yield limits
    finally:
        await limits.aclose()


async def check_limits(url: RedisUrl, clock: Clock) -> str:
    """Count an attempt in Redis and forget it, and say what was found. Raises `CommandFailed`."""
    from accounts_redis.rate_limiter import AsyncRedisRateLimiter

    limits = AsyncRedisRateLimiter.connect(url)
    try:
        await limits.consume(_CHECK, {"": _OFTEN}, now=clock.now())
        await limits.reset(_CHECK, "")
        forgetful = await limits.may_forget()
    except Unavailable as error:
        raise CommandFailed(f"{url}: {error} ({_reason(url, error)})") from error
    finally:
        await limits.aclose()
    warning = "; it may drop them when its memory is full: set its maxmemory-policy to noeviction" if forgetful else ""
    return f"{url} counts attempts{warning}"


def _reason(url: RedisUrl, error: Unavailable) -> str:
    cause = str(error.__cause__ or "").splitlines() or [type(error.__cause__).__name__]
    return url.conceal(cause[0])
