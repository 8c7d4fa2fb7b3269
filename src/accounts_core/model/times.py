"""Comparing stored times with the machine's clock, which may be wrong, may jump ahead and may be set back.

A stored time that lies ahead of now by more than `CLOCK_SKEW` was written by a clock that was wrong, or is read by one.
Nobody can say how long ago it was, so it proves nothing, and nothing may wait for it.
"""

from datetime import datetime, timedelta
from typing import Final

CLOCK_SKEW: Final = timedelta(minutes=1)
"""The most by which the clocks of two machines may differ: a time that is ahead by no more than this is plausible."""


def is_ahead(moment: datetime, *, now: datetime) -> bool:
    """Return whether `moment` is later than any clock that is right could have written it by `now`."""
    return moment > now + CLOCK_SKEW
