"""Rate limiters on servers are found among the installed packages, by the scheme of the URL."""

import sys
from datetime import timedelta
from importlib.metadata import Distribution
from typing import Any, Self, cast

import attrs
import pytest

from accounts_core import run_sync
from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock
from accounts_memory.rate_limiter import MemoryRateLimiter
from accounts_redis import RedisUrl
from accounts_service.errors import ServiceError
from accounts_service.rate_limiters import (
    GROUP,
    RateLimitsUrl,
    ServerRateLimiter,
    check_rate_limits,
    open_rate_limiter,
    parse_rate_limits_url,
)
from accounts_service.settings import Settings

SECRET = "canary-hunter2"
URL = f"shelf://{SECRET}@front"
ONCE = RateLimit(1, timedelta(hours=1))

_: type[RateLimitsUrl] = RedisUrl


class ShelfLimiter(MemoryRateLimiter):
    """A limiter that is closed at the end, and may be away."""

    is_away = False
    is_closed = False
    advice: str | None = None

    async def get_advice(self) -> str | None:
        if self.is_away:
            raise Unavailable("The shelf is away.") from ValueError(f"cannot open {URL}")
        return self.advice

    async def aclose(self) -> None:
        self.is_closed = True


SHELVES: dict[str, ShelfLimiter] = {}
"""Every limiter by the name in its URL."""


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

    def connect(self) -> ServerRateLimiter:
        return cast(
            "ServerRateLimiter", SHELVES[self.name]
        )  # its methods never suspend, and the port allows both kinds

    def __str__(self) -> str:
        return f"shelf://{self.name}"


class InstalledPackage(Distribution):
    """The metadata of a package that is installed beside this one."""

    def __init__(self, name: str, *entry_points: str) -> None:
        self.files_by_name = {
            "METADATA": f"Name: {name}\nVersion: 1\n",
            "entry_points.txt": "\n".join([f"[{GROUP}]", *entry_points]),
        }

    def read_text(self, filename: str) -> str | None:
        return self.files_by_name.get(filename)

    def locate_file(self, path: object) -> Any:
        raise NotImplementedError


@attrs.frozen
class InstalledPackages:
    """Finds their metadata, as the import system asks for it."""

    packages: list[Distribution] = attrs.field(factory=list)

    def find_spec(self, *_: object) -> None:
        return None

    def find_distributions(self, context: object) -> list[Distribution]:
        return self.packages


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Distribution]:
    """Packages that are installed beside this one: one with a limiter, which a test may add to."""
    packages: list[Distribution] = [InstalledPackage("example-shelf", f"shelf = {__name__}:ShelfUrl.parse")]
    monkeypatch.setattr(sys, "meta_path", [InstalledPackages(packages), *sys.meta_path])
    return packages


@pytest.fixture
def shelf(installed: list[Distribution], monkeypatch: pytest.MonkeyPatch) -> ShelfLimiter:
    limiter = ShelfLimiter()
    monkeypatch.setitem(SHELVES, "front", limiter)
    return limiter


def check(text: str) -> str:
    return run_sync(check_rate_limits(parse_rate_limits_url(text), cast("Clock", ManualClock(NOON))))


def test_the_limiter_of_an_installed_package_is_read_and_shown_without_its_secret(shelf: ShelfLimiter) -> None:
    settings = Settings.parse({"ACCOUNTS_RATE_LIMITS_URL": URL})

    assert str(settings.rate_limits_url) == "shelf://front"
    assert SECRET not in f"{settings!r} {settings.rate_limits_url!r}"
    assert settings.secrets() == [SECRET]


def test_the_limiter_of_an_installed_package_counts_the_attempts_and_is_closed(shelf: ShelfLimiter) -> None:
    async def exceed() -> bool:
        async with open_rate_limiter(parse_rate_limits_url(URL), cast("Any", None), cast("Any", None)) as limiter:
            await limiter.consume("sign-in", {"client:a": ONCE}, now=NOON)
            with pytest.raises(RateLimitExceeded):
                await limiter.consume("sign-in", {"client:a": ONCE}, now=NOON)
            return shelf.is_closed

    assert run_sync(exceed()) is False
    assert shelf.is_closed


def test_the_limiter_of_an_installed_package_is_checked_with_its_advice(shelf: ShelfLimiter) -> None:
    assert check(URL) == "shelf://front counts attempts"
    assert (shelf.is_closed, shelf.scopes) == (True, 0)

    shelf.advice = "dust it"
    assert check(URL) == "shelf://front counts attempts; dust it"


def test_a_check_that_fails_says_why_without_the_secret(shelf: ShelfLimiter) -> None:
    shelf.is_away = True

    with pytest.raises(ServiceError) as caught:
        check(URL)

    assert str(caught.value) == "shelf://front: The shelf is away. (cannot open shelf://***@front)"
    assert shelf.is_closed


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_the_schemes_of_redis_are_installed(scheme: str) -> None:
    rest = "/run/redis.sock" if scheme == "unix" else "cache/0"

    assert parse_rate_limits_url(f"{scheme.upper()}://{rest}") == RedisUrl.parse(f"{scheme}://{rest}")


@pytest.mark.parametrize("text", ["", "shelf", "memcached://cache", "accounts_redis://cache", "sqlite:///a.db"])
def test_a_scheme_that_no_installed_package_has_is_refused(shelf: ShelfLimiter, text: str) -> None:
    with pytest.raises(ValueError, match=r"^(This is not the URL of a server that counts attempts\.)?$"):
        parse_rate_limits_url(text)


def test_a_scheme_that_two_packages_have_is_refused(installed: list[Distribution], shelf: ShelfLimiter) -> None:
    installed.append(InstalledPackage("example-cupboard", f"shelf = {__name__}:ShelfUrl.parse"))

    with pytest.raises(ValueError, match=r"^This is not the URL"):
        parse_rate_limits_url(URL)
