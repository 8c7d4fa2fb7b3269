from bisect import insort
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import ClassVar, Final, Literal

import attrs

from accounts_core.errors import RateLimitExceeded
from accounts_core.forking import on_fork
from accounts_core.model.times import is_ahead
from accounts_core.ports.blocking import BlockingRateLimiter
from accounts_core.ports.rate_limiter import RateLimit

SWEEP_INTERVAL: Final = 1024
"""Number of attempts between two deletions of expired scopes."""


@attrs.define
class _Log:
    """Attempts of a scope that may still count, oldest first."""

    times: list[datetime] = attrs.field(factory=list)
    period: timedelta = timedelta(0)

    def wait(self, limit: RateLimit, now: datetime) -> timedelta | None:
        """Return the time until another attempt is allowed; None if it is allowed now."""
        # attempts are kept for the longest period so far; a shorter one counts fewer of them
        self.period = max(self.period, limit.period)
        self.prune(now)
        wait = self._wait(limit, now)
        if wait is not None and is_ahead(self.times[-1], now=now):
            self.times = sorted(now if is_ahead(time, now=now) else time for time in self.times)
            wait = self._wait(limit, now)
        return wait

    def _wait(self, limit: RateLimit, now: datetime) -> timedelta | None:
        counted = [time for time in self.times if now - time < limit.period]
        if len(counted) < limit.count:
            return None
        return min(counted[-limit.count] + limit.period - now, limit.period)

    def expired(self, now: datetime) -> int:
        return sum(1 for time in self.times if now - time >= self.period)

    def delete_expired(self, now: datetime, limit: int) -> int:
        count = min(self.expired(now), limit)
        self.times = self.times[count:]
        return count

    def prune(self, now: datetime) -> None:
        self.times = [time for time in self.times if now - time < self.period]


class MemoryRateLimiter:
    """Thread-safe rate limiter of this process, with a sliding log of attempts."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str], _Log] = {}
        self._spent = 0
        self._unlock()
        on_fork(self, in_child=MemoryRateLimiter._unlock)

    def _unlock(self) -> None:
        self._lock = Lock()

    @property
    def scopes(self) -> int:
        """Number of scopes in memory."""
        return len(self._logs)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        with self._lock:
            self._sweep(now)
            logs = {scope: self._logs.setdefault((name, scope), _Log()) for scope in scopes}
            waits = {scope: logs[scope].wait(limit, now) for scope, limit in scopes.items()}
            full = {scope: wait for scope, wait in waits.items() if wait is not None}
            if full:
                raise RateLimitExceeded(name, max(full.values()), full)
            for log in logs.values():
                insort(log.times, now)

    async def reset(self, name: str, scope: str) -> None:
        with self._lock:
            self._logs.pop((name, scope), None)

    async def count_expired(self, *, now: datetime) -> int:
        with self._lock:
            return sum(log.expired(now) for log in self._logs.values())

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        deleted = 0
        with self._lock:
            for key, log in list(self._logs.items()):
                deleted += log.delete_expired(now, limit - deleted)
                if not log.times:
                    del self._logs[key]
        return deleted

    def _sweep(self, now: datetime) -> None:
        self._spent += 1
        if self._spent % SWEEP_INTERVAL:
            return
        for key, log in list(self._logs.items()):
            log.prune(now)
            if not log.times:
                del self._logs[key]


_: type[BlockingRateLimiter] = MemoryRateLimiter
