"""Limits in Redis or Valkey.

When it is away, nobody is let through: every call raises `Unavailable`. A connection that was closed while it was idle
is opened anew before anything is sent. Once an attempt was sent it is not sent again, because it may have been counted;
to forget twice is to forget, so that is repeated.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Self

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from accounts_core.errors import Unavailable
from accounts_core.forking import on_fork
from accounts_core.ports.blocking import BlockingRateLimiter
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_redis.forking import renew
from accounts_redis.script import SPEND, judge, key, question
from accounts_redis.url import RedisUrl

TIMEOUT_SECONDS: Final = 2.0
"""How long to wait: for a free connection, for a new one, and for each answer."""
MOST_CONNECTIONS: Final = 32
PREFIX: Final = "accounts"
"""What every key begins with. Services that share a database of Redis and have another one each count apart."""

_NEVER_EVICTS: Final = "noeviction"


class RedisRateLimiter:
    """Limits over a blocking client; safe to share between threads. See `accounts_core.ports.rate_limiter.RateLimiter`.

    Raises `Unavailable`. A client of the host's own, or a `RedisCluster`, does as it was made to: what it sends again
    by itself after an answer was lost is counted again.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, client: "redis.Redis | redis.RedisCluster", *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        on_fork(self, in_child=RedisRateLimiter._renew)

    def _renew(self) -> None:
        renew(self._client)

    @classmethod
    def connect(cls, url: RedisUrl, *, prefix: str = PREFIX, timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """Return limits over a client of their own, which connects when it is needed; `close` them at the end."""
        pool = redis.BlockingConnectionPool.from_url(url.text, retry=Retry(NoBackoff(), 0), **_options(timeout_seconds))
        return cls(redis.Redis.from_pool(pool), prefix=prefix)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        if not scopes:
            return
        asked = question(self._prefix, name, scopes, now)
        with _translated():
            answer = self._client.eval(SPEND, len(scopes), *asked)
        judge(name, scopes, answer)

    async def reset(self, name: str, scope: str) -> None:
        forgotten = key(self._prefix, name, scope)
        with _translated():
            try:
                self._client.delete(forgotten)
            except redis.ConnectionError:
                self._client.delete(forgotten)

    async def count_expired(self, *, now: datetime) -> int:  # noqa: ARG002  every key expires by itself
        return 0

    async def delete_expired(self, *, now: datetime, limit: int) -> int:  # noqa: ARG002
        return 0

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class AsyncRedisRateLimiter:
    """Limits over an asynchronous client, as `RedisRateLimiter` says."""

    suspends: ClassVar[Literal[True]] = True

    def __init__(self, client: "redis.asyncio.Redis | redis.asyncio.RedisCluster", *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        on_fork(self, in_child=AsyncRedisRateLimiter._renew)

    def _renew(self) -> None:
        renew(self._client)

    @classmethod
    def connect(cls, url: RedisUrl, *, prefix: str = PREFIX, timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """Return limits over a client of their own, which connects when it is needed; `aclose` them at the end."""
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url.text, retry=AsyncRetry(NoBackoff(), 0), **_options(timeout_seconds)
        )
        return cls(redis.asyncio.Redis.from_pool(pool), prefix=prefix)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        if not scopes:
            return
        asked = question(self._prefix, name, scopes, now)
        with _translated():
            answer = await self._client.eval(SPEND, len(scopes), *asked)
        judge(name, scopes, answer)

    async def reset(self, name: str, scope: str) -> None:
        forgotten = key(self._prefix, name, scope)
        with _translated():
            try:
                await self._client.delete(forgotten)
            except redis.ConnectionError:
                await self._client.delete(forgotten)

    async def count_expired(self, *, now: datetime) -> int:  # noqa: ARG002  every key expires by itself
        return 0

    async def delete_expired(self, *, now: datetime, limit: int) -> int:  # noqa: ARG002
        return 0

    async def may_forget(self) -> bool:
        """Say whether the server drops what still counts once its memory is full; False when it does not tell."""
        with _translated():
            try:
                memory = await self._client.info("memory")
            except redis.exceptions.NoPermissionError:
                return False
        return bool(memory.get("maxmemory")) and memory.get("maxmemory_policy") != _NEVER_EVICTS

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()


def _options(timeout_seconds: float) -> dict[str, Any]:
    return {
        "max_connections": MOST_CONNECTIONS,
        "timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "socket_timeout": timeout_seconds,
        "protocol": 2,  # the one that every server speaks, without a greeting for it
    }


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the client raises into the core's error. What is no Redis at all makes it stumble in its own ways."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, EOFError, ValueError) as error:
        raise Unavailable("Redis, where attempts are counted, does not answer as it should.") from error


_limits: type[BlockingRateLimiter] = RedisRateLimiter
_async_limits: type[RateLimiter] = AsyncRedisRateLimiter
