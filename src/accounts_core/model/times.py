"""Comparison of stored times with the machine's clock, which may be wrong, jump ahead and be set back.

If a stored time is later than now by more than `CLOCK_SKEW`, the clock was wrong when it was written, or is wrong now.
Its age is unknown, so nothing may rely on it or wait for it.
"""

from datetime import datetime, timedelta
from typing import Final

CLOCK_SKEW: Final = timedelta(minutes=1)
"""The most by which the clocks of two machines may differ."""


def is_ahead(moment: datetime, *, now: datetime) -> bool:
    """Return whether `moment` is later than `now` by more than `CLOCK_SKEW`."""
    return moment > now + CLOCK_SKEW
