from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from accounts_core.model.limit import Limit

__all__ = ["Limit", "Limits"]


class Limits(Protocol):
    """Counts attempts, shared by every process, outside any transaction: a rollback must not forget an attempt."""

    async def spend(self, name: str, scopes: Mapping[str, Limit], *, now: datetime) -> None:
        """Count one attempt of `name` (such as `sign-in`) within every scope (such as `client:192.0.2.7`), atomically.

        A scope that begins with `all:` is everybody's. Every other one names a subject; where attempts wait to be
        counted, one subject's must not keep the others' waiting.

        Windows slide: an attempt counts for `limit.period` from when it was made. When `limit.count` attempts count
        already in any of the scopes, it is counted in none, and `LimitExceeded` is raised with the scopes that are
        full and the time until one more would be let through in all of them: at most the limit's period.

        Attempts that lie ahead of `now` by more than `CLOCK_SKEW` count too, and in a scope that is full they count
        from `now`: the machine's clock was ahead, and its attempts would fill the scope until it gets there.
        """
        ...

    async def forget(self, name: str, scope: str) -> None:
        """Forget every attempt of `name` within `scope`."""
        ...

    async def count_expired(self, *, now: datetime) -> int:
        """Count the stored attempts that count for nothing any more; 0 where they go by themselves, as in Redis."""
        ...

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Delete at most `limit` of them, at once and apart from any other; return how many there were."""
        ...
