"""The contracts of limits over Redis."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts import ClosesContract, RateLimiterContract


class TestLimits(RateLimiterContract): ...


class TestClosing(ClosesContract):
    @pytest.fixture
    def part(self, limits: RateLimiter) -> RateLimiter:
        return limits

    @pytest.fixture
    def use(self, limits: RateLimiter) -> Callable[[], Awaitable[object]]:
        return lambda: limits.consume("sign-in", {"jane": RateLimit(9, timedelta(hours=1))}, now=NOON)
