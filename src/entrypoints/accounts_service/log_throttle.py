"""Limit the rate of log lines, so that a flood of requests cannot hide or crowd out other lines."""

from collections.abc import Hashable
from typing import Final

import attrs

PER_SECOND: Final = 20.0
BURST: Final = 200.0


@attrs.define
class _Bucket:
    budget: float
    updated_seconds: float
    left_out: int = 0


class Throttle:
    """A token bucket for each kind of line: `BURST` at once and `PER_SECOND` over time. Dropped lines are counted."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, _Bucket] = {}

    def admit(self, kind: Hashable, now: float) -> int | None:
        """Return how many lines of this kind were dropped since the last one, or None to drop this one.

        Args:
            kind: Lines of one kind share a bucket.
            now: Seconds on a monotonic clock.

        """
        bucket = self._buckets.get(kind)
        if bucket is None:
            self._buckets[kind] = _Bucket(BURST - 1, now)
            return 0
        bucket.budget = min(BURST, bucket.budget + max(0.0, now - bucket.updated_seconds) * PER_SECOND)
        bucket.updated_seconds = now
        if bucket.budget < 1:
            bucket.left_out += 1
            return None
        bucket.budget -= 1
        left_out, bucket.left_out = bucket.left_out, 0
        return left_out
