"""Rate limiters in Redis or Valkey.

While the server is unavailable, every call raises `Unavailable`, so no attempt is allowed. A connection that was closed
while idle is reopened before a command is sent. `consume` is never retried after it was sent, because the attempt may
have been counted. `reset` is idempotent and is retried.
"""

import asyncio
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
from accounts_core.ports.lifecycle import Closes
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_redis.forking import renew
from accounts_redis.script import SPEND, judge, key, question
from accounts_redis.url import RedisUrl

TIMEOUT_SECONDS: Final = 2.0
"""Timeout of waiting for a free connection, of connecting, and of each response."""
MOST_CONNECTIONS: Final = 32
PREFIX: Final = "accounts"
"""Default key prefix. Services that share a Redis database need different prefixes to count separately."""

_NEVER_EVICTS: Final = "noeviction"


class RedisRateLimiter:
    """Rate limiter on a blocking client, thread-safe. See `accounts_core.ports.rate_limiter.RateLimiter`.

    Raises `Unavailable`. If a client of the host application, or a `RedisCluster`, retries a command after a lost
    response, the attempt is counted again.
    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    def __init__(self, client: "redis.Redis | redis.RedisCluster", *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        on_fork(self, in_child=RedisRateLimiter._renew)

    def _renew(self) -> None:
        renew(self._client)

    @classmethod
    def connect(cls, url: RedisUrl, *, prefix: str = PREFIX, timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """Create a limiter with its own client, which connects on first use. Call `close` at the end."""
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

    async def count_expired(self, *, now: datetime) -> int:  # noqa: ARG002  keys expire by TTL
        return 0

    async def delete_expired(self, *, now: datetime, limit: int) -> int:  # noqa: ARG002  as above
        return 0

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._client.close()


class AsyncRedisRateLimiter:
    """Rate limiter on an asynchronous client. See `RedisRateLimiter`."""

    suspends: ClassVar[Literal[True]] = True

    def __init__(self, client: "redis.asyncio.Redis | redis.asyncio.RedisCluster", *, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        self._loop: asyncio.AbstractEventLoop | None = None
        on_fork(self, in_child=AsyncRedisRateLimiter._renew)

    def _renew(self) -> None:
        renew(self._client)

    def _on_this_loop(self) -> "redis.asyncio.Redis | redis.asyncio.RedisCluster":
        """Return the client, with new connections once the event loop of the old ones is closed."""
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop and self._loop.is_closed():
            self._renew()
        self._loop = loop
        return self._client

    @classmethod
    def connect(cls, url: RedisUrl, *, prefix: str = PREFIX, timeout_seconds: float = TIMEOUT_SECONDS) -> Self:
        """Create a limiter with its own client, which connects on first use. Call `close` at the end."""
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url.text, retry=AsyncRetry(NoBackoff(), 0), **_options(timeout_seconds)
        )
        return cls(redis.asyncio.Redis.from_pool(pool), prefix=prefix)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        if not scopes:
            return
        asked = question(self._prefix, name, scopes, now)
        with _translated():
            answer = await self._on_this_loop().eval(SPEND, len(scopes), *asked)
        judge(name, scopes, answer)

    async def reset(self, name: str, scope: str) -> None:
        forgotten = key(self._prefix, name, scope)
        with _translated():
            try:
                await self._on_this_loop().delete(forgotten)
            except redis.ConnectionError:
                await self._on_this_loop().delete(forgotten)

    async def count_expired(self, *, now: datetime) -> int:  # noqa: ARG002  keys expire by TTL
        return 0

    async def delete_expired(self, *, now: datetime, limit: int) -> int:  # noqa: ARG002  as above
        return 0

    async def may_forget(self) -> bool:
        """Return whether the server evicts keys once its memory is full; False if the policy cannot be read."""
        with _translated():
            try:
                memory = await self._on_this_loop().info("memory")
            except redis.exceptions.NoPermissionError:
                return False
        return bool(memory.get("maxmemory")) and memory.get("maxmemory_policy") != _NEVER_EVICTS

    async def get_advice(self) -> str | None:
        """Return advice for the operator on the server's configuration, or None. Raises `Unavailable`."""
        if not await self.may_forget():
            return None
        return "it may drop them when its memory is full: set its maxmemory-policy to noeviction"

    async def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        await self._on_this_loop().aclose()

    aclose = close
    """The name until 0.2."""


def _options(timeout_seconds: float) -> dict[str, Any]:
    return {
        "max_connections": MOST_CONNECTIONS,
        "timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "socket_timeout": timeout_seconds,
        "protocol": 2,  # supported by every server, without a HELLO
    }


@contextmanager
def _translated() -> Iterator[None]:
    """Translate the client's errors, including those that a server other than Redis provokes."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, EOFError, ValueError) as error:
        raise Unavailable("Redis, which stores the rate limits, did not respond as expected.") from error


_limits: type[BlockingRateLimiter] = RedisRateLimiter
_async_limits: type[RateLimiter] = AsyncRedisRateLimiter
_closes: type[Closes] = RedisRateLimiter
_async_closes: type[Closes] = AsyncRedisRateLimiter
