from datetime import UTC, datetime, timedelta

from accounts_core.ports.clock import Clock


class ManualClock:
    """Clock that stands still until it is moved, by `advance` or `jump`."""

    def __init__(self, start: datetime) -> None:
        """Set the clock to `start`, which must be aware."""
        if start.tzinfo is None:
            raise ValueError(f"A clock needs a time with a time zone; got {start!r}.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, span: timedelta) -> datetime:
        """Move the clock forward by `span`, which must not be negative, and return the new time."""
        if span < timedelta(0):
            raise ValueError(f"Time never goes back; got {span}. A machine's clock is set back by `jump`.")
        return self.jump(span)

    def jump(self, span: timedelta) -> datetime:
        """Move the clock by `span`, forward or backward, and return the new time."""
        self._now += span
        return self._now


_: type[Clock] = ManualClock
