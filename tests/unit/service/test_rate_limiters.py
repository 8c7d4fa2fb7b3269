"""The table of the servers that count attempts: a further adapter is one row of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self, cast

import attrs
import pytest

from accounts_core import run_sync
from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock
from accounts_memory.rate_limiter import MemoryRateLimiter
from accounts_service import rate_limiters
from accounts_service.errors import ServiceError
from accounts_service.rate_limiters import BACKENDS, Backend, RateLimitsUrl, check_rate_limits, open_rate_limiter
from accounts_service.settings import Settings

SECRET = "canary-hunter2"
ONCE = RateLimit(1, timedelta(hours=1))


@attrs.frozen
class ShelfUrl:
    """A URL such as `shelf://<secret>@<name>`."""

    secret: str = attrs.field(repr=False)
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        secret, _, name = text.removeprefix("shelf://").partition("@")
        if not name:
            raise ValueError
        return cls(secret, name)

    @property
    def secrets(self) -> list[str]:
        return [self.secret]

    def conceal(self, text: str) -> str:
        return text.replace(self.secret, "***")

    def __str__(self) -> str:
        return f"shelf://{self.name}"


@attrs.define
class Shelf:
    """A server that counts attempts, and how many connections to it are open."""

    limiter: MemoryRateLimiter = attrs.field(factory=MemoryRateLimiter)
    connections: int = 0
    advice: str | None = None
    is_away: bool = False

    @asynccontextmanager
    async def connect(self, url: ShelfUrl) -> AsyncIterator[RateLimiter]:
        self.connections += 1
        try:
            # its methods never suspend, and the port allows both kinds
            yield cast("RateLimiter", self.limiter)
        finally:
            self.connections -= 1

    async def check(self, url: ShelfUrl, clock: Clock) -> str | None:
        if self.is_away:
            raise Unavailable("The shelf is away.") from ValueError(f"cannot open shelf://{url.secret}@{url.name}")
        return self.advice


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A backend that is one row more in the table."""
    shelf = Shelf()
    row = Backend(
        schemes=("shelf",),
        expected="shelf://secret@name",
        parse=ShelfUrl.parse,
        connect=shelf.connect,
        check=shelf.check,
    )
    monkeypatch.setattr(rate_limiters, "BACKENDS", (*BACKENDS, row))
    return shelf


def shelf_url() -> RateLimitsUrl:
    url = Settings.parse({"ACCOUNTS_RATE_LIMITS_URL": f"shelf://{SECRET}@front"}).rate_limits_url
    assert url is not None
    return url


def test_a_further_backend_is_read_and_shown_without_its_secret(shelf: Shelf) -> None:
    settings = Settings.parse({"ACCOUNTS_RATE_LIMITS_URL": f"shelf://{SECRET}@front"})

    assert str(settings.rate_limits_url) == "shelf://front"
    assert SECRET not in f"{settings!r} {settings.rate_limits_url!r}"
    assert settings.secrets() == [SECRET]


def test_a_further_backend_counts_the_attempts_and_is_closed(shelf: Shelf) -> None:
    async def exceed(url: RateLimitsUrl) -> int:
        async with open_rate_limiter(url, cast("Any", None)) as limiter:
            await limiter.consume("sign-in", {"client:a": ONCE}, now=NOON)
            with pytest.raises(RateLimitExceeded):
                await limiter.consume("sign-in", {"client:a": ONCE}, now=NOON)
            return shelf.connections

    assert run_sync(exceed(shelf_url())) == 1
    assert shelf.connections == 0


def test_a_further_backend_is_checked_with_its_advice(shelf: Shelf) -> None:
    clock = cast("Clock", ManualClock(NOON))

    assert run_sync(check_rate_limits(shelf_url(), clock)) == "shelf://front counts attempts"

    shelf.advice = "dust it"
    assert run_sync(check_rate_limits(shelf_url(), clock)) == "shelf://front counts attempts; dust it"


def test_a_check_that_fails_says_why_without_the_secret(shelf: Shelf) -> None:
    shelf.is_away = True

    with pytest.raises(ServiceError) as caught:
        run_sync(check_rate_limits(shelf_url(), cast("Clock", ManualClock(NOON))))

    assert str(caught.value) == "shelf://front: The shelf is away. (cannot open shelf://***@front)"


def test_no_scheme_selects_two_backends() -> None:
    schemes = [scheme for backend in BACKENDS for scheme in backend.schemes]

    assert sorted(schemes) == ["redis", "rediss", "unix"]
