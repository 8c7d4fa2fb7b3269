from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import attrs

from accounts_core.ports.rate_limiter import RateLimit, RateLimiter


@attrs.define(eq=False)
class RateLimits:
    """The rate limits of a test, which are off unless it asks for the fixture `rate_limits`."""

    is_on: bool = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing within the `with` block. What the kit itself does, as in `make_user`, is never counted."""
        before, self.is_on = self.is_on, False
        try:
            yield
        finally:
            self.is_on = before


def switched(limiter: Any, limits: RateLimits) -> Any:
    """Return the rate limiter, in use only while the limits are on."""
    return (_SwitchedBeside if hasattr(limiter, "beside") else _Switched)(limiter, limits)


class _Switched:
    def __init__(self, limiter: RateLimiter, limits: RateLimits) -> None:
        self._limiter = limiter
        self._limits = limits
        self.suspends = getattr(limiter, "suspends", True)
        self.blocks = getattr(limiter, "blocks", False)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        if self._limits.is_on:
            await self._limiter.consume(name, scopes, now=now)

    async def reset(self, name: str, scope: str) -> None:
        if self._limits.is_on:
            await self._limiter.reset(name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._limiter.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._limiter.delete_expired(now=now, limit=limit)


class _SwitchedBeside(_Switched):
    """A limiter that may share the database of the host application's transaction (`CountsBeside`)."""

    def beside(self, store: object) -> RateLimiter:
        limiter: Any = self._limiter
        return _Switched(limiter.beside(store), self._limits)


_limiter: type[RateLimiter] = _Switched
