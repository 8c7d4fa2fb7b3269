from datetime import datetime
from typing import Protocol

from accounts_core.model.limit import Limit

__all__ = ["Limit", "Limits"]


class Limits(Protocol):
    """Counts attempts, shared by every process, outside any transaction: a rollback must not forget an attempt."""

    async def spend(self, name: str, scope: str, limit: Limit, *, now: datetime) -> None:
        """Count one attempt of `name` (such as `sign-in`) within `scope` (such as an address), atomically.

        Windows slide: an attempt counts for `limit.period` from when it was made. A refused attempt is not counted.
        Raises `LimitExceeded` with the time until one more would be let through, when `limit.count` attempts count.
        """
        ...

    async def forget(self, name: str, scope: str) -> None:
        """Forget every attempt of `name` within `scope`."""
        ...
