from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

import attrs

from accounts_core.forking import on_fork


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@attrs.define
class SystemClock:
    """The machine's clock, in UTC, to the microsecond. Safe to share between threads.

    A machine's clock may be set back, by a person or by time synchronisation. This one then stands still until the
    machine has caught up: a time that was handed out once is never followed by an earlier one.
    """

    _read: Callable[[], datetime] = _wall_clock
    _latest: datetime = attrs.field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        on_fork(self, in_child=SystemClock._unlock)

    def _unlock(self) -> None:
        self._lock = Lock()

    def now(self) -> datetime:
        # the lock holds the reading too: a thread that was put to sleep in between would bring an older time
        with self._lock:
            self._latest = max(self._latest, self._read())
            return self._latest
