"""How much of the log a flood may write: whoever sends most must neither bury nor crowd out everything else."""

from collections.abc import Hashable
from typing import Final

import attrs

PER_SECOND: Final = 20.0
BURST: Final = 200.0


@attrs.define
class _Kind:
    budget: float
    at: float
    left_out: int = 0


class Throttle:
    """Lets `BURST` lines of a kind through at once, and `PER_SECOND` over time. What is left out is counted."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}

    def admit(self, kind: Hashable, now: float) -> int | None:
        """Say how many lines of this kind were left out since the last one, or None where this one is left out too.

        `now` is in seconds, by a monotonic clock.
        """
        known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = _Kind(BURST - 1, now)
            return 0
        known.budget = min(BURST, known.budget + max(0.0, now - known.at) * PER_SECOND)
        known.at = now
        if known.budget < 1:
            known.left_out += 1
            return None
        known.budget -= 1
        left_out, known.left_out = known.left_out, 0
        return left_out
