"""Open the rate limiter of the service: in its database, or in a server that a URL names.

The scheme of the URL selects an entry point of the group `accounts.rate_limiters`, of this distribution or of any other
that is installed. It is a callable that takes the URL as text and returns a `RateLimitsUrl`, or raises `ValueError`
without the URL in its text:

    [project.entry-points."accounts.rate_limiters"]
    memcached = "example_memcached:MemcachedUrl.parse"
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_service.database_url import TablePlace
from accounts_service.errors import ServiceError
from accounts_sql import AsyncSqlRateLimiter

GROUP: Final = "accounts.rate_limiters"
EXPECTED: Final = (
    "a URL such as rediss://user:password@cache.example.org:6379/0, redis://... or unix:///run/redis/redis.sock, or of "
    "another rate limiter that is installed"
)

_CHECK_NAME: Final = "check"
_CHECK_LIMIT: Final = RateLimit(1000, timedelta(minutes=1))


class ServerRateLimiter(RateLimiter, Protocol):
    """A rate limiter that connects to a server when it is first used."""

    async def get_advice(self) -> str | None:
        """Return advice for the operator on how the server is configured, or None. Raises `Unavailable`."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class RateLimitsUrl(Protocol):
    """The parsed URL of a server that counts attempts. `str()` and `repr()` never show a secret."""

    @property
    def secrets(self) -> list[str]:
        """The secrets in the URL, which must appear in no log."""
        ...

    def conceal(self, text: str) -> str:
        """Return `text` without the secrets of the URL, in any spelling that a driver may quote."""
        ...

    def connect(self) -> ServerRateLimiter:
        """Return a rate limiter on this server, for an event loop."""
        ...


def parse_rate_limits_url(text: str) -> RateLimitsUrl:
    """Read the URL of a server that counts attempts.

    Raises:
        ValueError: No installed rate limiter has this scheme, or several have it, or the one that has it cannot read
            the URL.

    """
    found = tuple(entry_points(group=GROUP, name=text.partition(":")[0].lower()))
    if len(found) != 1:
        raise ValueError("This is not the URL of a server that counts attempts.")
    parse: Callable[[str], RateLimitsUrl] = found[0].load()
    return parse(text)


@asynccontextmanager
async def open_rate_limiter(
    url: RateLimitsUrl | None, engine: AsyncEngine, tables: TablePlace
) -> AsyncIterator[RateLimiter]:
    """Open the rate limiter that `url` selects, or the one in the tables of the database when it is None.

    A server is not asked whether it is there. As long as it is not, calls that are rate limited are unavailable and
    all others work.
    """
    if url is None:
        yield AsyncSqlRateLimiter(engine, **tables)
        return
    async with aclosing(url.connect()) as limiter:
        yield limiter


async def check_rate_limits(url: RateLimitsUrl, clock: Clock) -> str:
    """Count one attempt on the server, reset it, and return a line that describes the server.

    Raises:
        ServiceError: The server does not count attempts.

    """
    try:
        async with aclosing(url.connect()) as limiter:
            await limiter.consume(_CHECK_NAME, {"": _CHECK_LIMIT}, now=clock.now())
            await limiter.reset(_CHECK_NAME, "")
            advice = await limiter.get_advice()
    except Unavailable as error:
        raise ServiceError(f"{url}: {error} ({_reason(url, error)})") from error
    return f"{url} counts attempts{f'; {advice}' if advice else ''}"


def _reason(url: RateLimitsUrl, error: Unavailable) -> str:
    cause = str(error.__cause__ or "").splitlines() or [type(error.__cause__).__name__]
    return url.conceal(cause[0])
