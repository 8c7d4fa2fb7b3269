"""Port: counters of attempts, for the rate limits.

Called by `services.rate_limit_policy` and by cleanup. All processes share the counters, outside of any transaction: a
rollback must not undo an attempt.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from accounts_core.model.rate_limits import RateLimit

__all__ = ["CountsBeside", "RateLimit", "RateLimiter"]


class CountsBeside(Protocol):
    """A rate limiter that may share the database of the application's transaction."""

    def beside(self, store: object) -> "RateLimiter":
        """Return the limiter to use with a store that takes part in a transaction of the application.

        It counts outside of that transaction, except where that would wait for the transaction itself.
        """
        ...


class RateLimiter(Protocol):
    """The counters of attempts."""

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        """Count one attempt in every scope, or in none.

        Windows slide: an attempt counts for `limit.period` after it was made. Attempts later than `now` by more than
        `CLOCK_SKEW` were written by a clock that was ahead. They count too, and in a full scope they count from `now`;
        otherwise they would fill the scope until the clock reaches their time.

        Args:
            name: The kind of attempt, such as `sign-in`.
            scopes: The limit of each scope, such as `client:192.0.2.7`. A scope that begins with `all:` is shared by
                everybody; any other names a subject. Where attempts queue, those of one subject must not delay those
                of another.
            now: The current time.

        Raises:
            RateLimitExceeded: `limit.count` attempts count in a scope already. `full` has all such scopes,
                `retry_after` the time until one more would be allowed in all of them, at most the limit's period.
                Nothing was counted.
            Unavailable: The counter does not answer, or too many attempts wait to be counted.

        """
        ...

    async def reset(self, name: str, scope: str) -> None:
        """Reset the counter of `name` in `scope`.

        Raises:
            Unavailable: The counter does not answer.

        """
        ...

    async def count_expired(self, *, now: datetime) -> int:
        """Return the number of stored attempts that no longer count; 0 where they expire by themselves.

        Raises:
            Unavailable: The counter does not answer.

        """
        ...

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Delete attempts that no longer count, in a separate transaction.

        Args:
            now: The current time.
            limit: The most attempts to delete.

        Returns:
            The number deleted.

        Raises:
            Unavailable: The counter does not answer.

        """
        ...
