"""The contract of limits over Redis."""

from accounts_core.testing.contracts import RateLimiterContract


class TestLimits(RateLimiterContract): ...
