from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The machine's time, for what is stored.

    The time between two calls says nothing about how long something took: measure a span within a process by a
    monotonic clock. See `accounts_core.model.times` for comparing a stored time with this one.
    """

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC.

        It is what the machine's clock says. That may be wrong, jump ahead, and go back between two calls.
        """
        ...
