"""Bounded concurrency of hashing, with a fair queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event
from typing import Any, Final

import attrs

from accounts_core.errors import Unavailable
from accounts_core.forking import on_fork
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.requester import Requester

WAITING_FOR_EACH_LANE: Final = 64
"""About two seconds at 30 ms for each hash."""


def _two_seconds(hasher: Any) -> int:
    return WAITING_FOR_EACH_LANE * int(hasher.max_concurrent)


def _a_quarter(hasher: Any) -> int:
    return max(1, int(hasher.max_waiting) // 4)


# not by decorator: type checkers other than mypy would treat the fields as required
MAX_WAITING: Final = attrs.Factory(_two_seconds, takes_self=True)
"""Default of a hasher's `max_waiting`."""
MAX_WAITING_EACH: Final = attrs.Factory(_a_quarter, takes_self=True)
"""Default of a hasher's `max_waiting_each`."""


@attrs.frozen(eq=False)
class Place:
    """Running or waiting hash. `begin` is called when a lane is free for it."""

    begin: Callable[[], object]


class Lanes:
    """Thread-safe `FairQueue` of hashes. A forked process starts with every lane free."""

    def __init__(self, lanes: int, *, max_waiting: int, max_waiting_each: int) -> None:
        self._bounds = {"lanes": lanes, "max_waiting": max_waiting, "max_waiting_each": max_waiting_each}
        self._is_closed = False
        self.start_over()
        on_fork(self, in_child=Lanes.start_over)

    def start_over(self) -> None:
        """Reset the queue. After a fork, the threads that would release the places exist only in the parent."""
        self._changed = Condition()
        self._queue = FairQueue[Place](**self._bounds)

    def enter(self, begin: Callable[[], object], requester: Requester | None) -> Place:
        """Wait for a lane without blocking: the thread that frees one calls `begin`.

        Args:
            begin: Called once, immediately if a lane is free. Must not block or raise.
            requester: Account and client of the request. All requests with None share one queue.

        Returns:
            The place to pass to `leave` when the work has ended or is cancelled.

        Raises:
            Unavailable: The queue is full, in total or for this requester, or `close` is waiting.

        """
        place = Place(begin)
        with self._changed:
            if self._is_closed:
                raise Unavailable("This password hasher is being closed.")
            if not self._queue.enter(place, () if requester is None else requester.keys):
                raise Unavailable("Too many passwords are being hashed at the moment.")
            following = self._queue.begin()
        if following is not None:
            following.begin()
        return place

    def leave(self, place: Place) -> None:
        """Release a place and start the next hash."""
        with self._changed:
            self._queue.leave(place)
            following = self._queue.begin()
            self._changed.notify_all()
        if following is not None:
            following.begin()

    @contextmanager
    def lane(self, requester: Requester | None) -> Iterator[None]:
        """Hold a lane for the block, and block the thread until one is free. Raises `Unavailable`."""
        turn = Event()
        place = self.enter(turn.set, requester)
        try:
            turn.wait()
            yield
        finally:
            self.leave(place)

    def close(self) -> None:
        """Reject new hashes until `open`, and block until running and waiting ones have ended."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: len(self._queue) == 0)

    def open(self) -> None:
        """Accept hashes again after `close`."""
        with self._changed:
            self._is_closed = False
