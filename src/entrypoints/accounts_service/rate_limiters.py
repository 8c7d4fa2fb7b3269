"""Open the rate limiter of the service: in its database, or in a server that a URL names.

`BACKENDS` is the only list of those servers. `settings.py`, `composition.py` and `checks.py` use the functions of this
module and name no backend, so that a further adapter is one more row.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import attrs
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_redis import RedisUrl
from accounts_service.errors import ServiceError
from accounts_sql import AsyncSqlRateLimiter

Url = TypeVar("Url", bound="ServerUrl")

_CHECK_NAME: Final = "check"
_CHECK_LIMIT: Final = RateLimit(1000, timedelta(minutes=1))


class ServerUrl(Protocol):
    """The parsed URL of a server. `str()` and `repr()` never show a secret."""

    @property
    def secrets(self) -> list[str]:
        """The secrets in the URL, which must appear in no log."""
        ...

    def conceal(self, text: str) -> str:
        """Return `text` without the secrets of the URL, in any spelling that a driver may quote."""
        ...


@attrs.frozen(kw_only=True)
class Backend(Generic[Url]):
    """A kind of server that can count attempts."""

    schemes: tuple[str, ...]
    """The URL schemes that select it."""
    expected: str
    """Describes its URLs in the message about one that cannot be read."""
    parse: Callable[[str], Url]
    """Returns the parsed URL. Raises `ValueError`, without the URL in its text."""
    connect: Callable[[Url], AbstractAsyncContextManager[RateLimiter]]
    """Returns a rate limiter that connects when it is first used, and closes it at the end."""
    check: Callable[[Url, Clock], Awaitable[str | None]]
    """Counts one attempt, resets it, and returns advice for the operator or None. Raises `Unavailable`."""


@asynccontextmanager
async def _connect_redis(url: RedisUrl) -> AsyncIterator[RateLimiter]:
    from accounts_redis.rate_limiter import AsyncRedisRateLimiter

    limiter = AsyncRedisRateLimiter.connect(url)
    try:
        yield limiter
    finally:
        await limiter.aclose()


async def _check_redis(url: RedisUrl, clock: Clock) -> str | None:
    from accounts_redis.rate_limiter import AsyncRedisRateLimiter

    limiter = AsyncRedisRateLimiter.connect(url)
    try:
        await _count_once(limiter, clock)
        may_evict = await limiter.may_forget()
    finally:
        await limiter.aclose()
    return "it may drop them when its memory is full: set its maxmemory-policy to noeviction" if may_evict else None


async def _count_once(limiter: RateLimiter, clock: Clock) -> None:
    await limiter.consume(_CHECK_NAME, {"": _CHECK_LIMIT}, now=clock.now())
    await limiter.reset(_CHECK_NAME, "")


BACKENDS: Final[tuple[Backend[Any], ...]] = (
    Backend(
        schemes=("redis", "rediss", "unix"),
        expected="rediss://user:password@cache.example.org:6379/0, redis://... or unix:///run/redis/redis.sock",
        parse=RedisUrl.parse,
        connect=_connect_redis,
        check=_check_redis,
    ),
)

EXPECTED: Final = f"a URL such as {', or '.join(backend.expected for backend in BACKENDS)}"


@attrs.frozen
class RateLimitsUrl:
    """A server that counts attempts. `str()` and `repr()` never show a secret."""

    _url: ServerUrl
    _backend: Backend[Any] = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL of any backend.

        Raises:
            ValueError: No backend has this scheme, or its backend cannot read it.

        """
        scheme = text.partition(":")[0].lower()
        for backend in BACKENDS:
            if scheme in backend.schemes:
                return cls(backend.parse(text), backend)
        raise ValueError("This is not the URL of a server that counts attempts.")

    @property
    def secrets(self) -> list[str]:
        """The secrets in the URL."""
        return self._url.secrets

    def connect(self) -> AbstractAsyncContextManager[RateLimiter]:
        """Return a rate limiter that connects when it is first used, and closes it at the end."""
        return self._backend.connect(self._url)

    async def check(self, clock: Clock) -> str | None:
        """Count one attempt, reset it, and return advice for the operator or None. Raises `Unavailable`."""
        return await self._backend.check(self._url, clock)

    def conceal(self, text: str) -> str:
        """Return `text` without the secrets of the URL."""
        return self._url.conceal(text)

    def __str__(self) -> str:
        return str(self._url)


@asynccontextmanager
async def open_rate_limiter(url: RateLimitsUrl | None, engine: AsyncEngine) -> AsyncIterator[RateLimiter]:
    """Open the rate limiter that `url` selects, or the one in the database when it is None.

    A server is not asked whether it is there. As long as it is not, calls that are rate limited are unavailable and
    all others work.
    """
    if url is None:
        yield AsyncSqlRateLimiter(engine)
        return
    async with url.connect() as limiter:
        yield limiter


async def check_rate_limits(url: RateLimitsUrl, clock: Clock) -> str:
    """Count one attempt on the server, reset it, and return a line that describes the server.

    Raises:
        ServiceError: The server does not count attempts.

    """
    try:
        advice = await url.check(clock)
    except Unavailable as error:
        raise ServiceError(f"{url}: {error} ({_reason(url, error)})") from error
    return f"{url} counts attempts{f'; {advice}' if advice else ''}"


def _reason(url: RateLimitsUrl, error: Unavailable) -> str:
    cause = str(error.__cause__ or "").splitlines() or [type(error.__cause__).__name__]
    return url.conceal(cause[0])
