"""Clocks that advance only explicitly."""

from datetime import datetime, timedelta

from accounts_core.ports.clock import Clock


class WorldClock:
    """The true time. Processes do not read it; each has its own `ProcessClock`."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, span: timedelta) -> None:
        """Advance the time.

        Raises:
            ValueError: `span` is negative; only the clock of a process can be set back.

        """
        if span < timedelta(0):
            raise ValueError(f"Time never goes back; got {span}.")
        self._now += span


class ProcessClock:
    """The clock of one process, which differs from the true time by `off`."""

    def __init__(self, world: WorldClock, off: timedelta = timedelta(0)) -> None:
        self.off = off
        self._world = world

    def now(self) -> datetime:
        return self._world.now() + self.off

    def jump(self, span: timedelta) -> None:
        """Set the clock ahead, or back if `span` is negative."""
        self.off += span


_world: type[Clock] = WorldClock
_process: type[Clock] = ProcessClock
