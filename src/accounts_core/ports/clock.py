"""Port: the current time, for everything that is stored.

Called by use cases and services. The time may be wrong, jump ahead, and go back between two calls.
"""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The machine's clock.

    It does not measure durations: within a process use a monotonic clock. `accounts_core.model.times` compares a stored
    time with this one.
    """

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""
        ...
