"""Time that moves only when it is moved."""

from datetime import datetime, timedelta

from accounts_core.ports.clock import Clock


class WorldClock:
    """What time it is. No process sees it: each has a clock of its own."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, span: timedelta) -> None:
        """Move on. Raises `ValueError` for going back: that is what a process's clock can do, and time cannot."""
        if span < timedelta(0):
            raise ValueError(f"Time never goes back; got {span}.")
        self._now += span


class ProcessClock:
    """A machine's clock as one process sees it: `off` by some time, which `jump` changes."""

    def __init__(self, world: WorldClock, off: timedelta = timedelta(0)) -> None:
        self.off = off
        self._world = world

    def now(self) -> datetime:
        return self._world.now() + self.off

    def jump(self, span: timedelta) -> None:
        """Set the machine's clock ahead, or back where `span` is negative."""
        self.off += span


_world: type[Clock] = WorldClock
_process: type[Clock] = ProcessClock
