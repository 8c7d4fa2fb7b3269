"""A bound on how many passwords are hashed at once, in an order that is fair to whoever asks."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event
from typing import Final
from weakref import WeakSet

import attrs

from accounts_core.errors import Unavailable
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.requester import Requester

WAITING_FOR_EACH_LANE: Final = 64
"""At 30 ms a hash about two seconds."""


def most_for_one(max_waiting: int) -> int:
    """Return how many of `max_waiting` places one requester has by default: a quarter."""
    return max(1, max_waiting // 4)


@attrs.frozen(eq=False)
class Place:
    """A hash that runs or waits. `begin` is called when its turn comes."""

    begin: Callable[[], object]


class Lanes:
    """Lets hashes begin, as `FairQueue` says. Safe between threads. A forked process starts with every lane free."""

    def __init__(self, lanes: int, *, max_waiting: int, max_waiting_each: int) -> None:
        self._bounds = {"lanes": lanes, "max_waiting": max_waiting, "max_waiting_each": max_waiting_each}
        self._is_closed = False
        self.start_over()
        _lanes.add(self)

    def start_over(self) -> None:
        """Forget every place: after a fork, the threads that would have left them are the parent's."""
        self._changed = Condition()
        self._queue = FairQueue[Place](**self._bounds)

    def enter(self, begin: Callable[[], object], requester: Requester | None) -> Place:
        """Wait for a lane without blocking: `begin` is called when it is there, by whoever frees it.

        Args:
            begin: Called once, at once when a lane is free. Must not block or raise.
            requester: On whose behalf; None joins all those who are not known.

        Returns:
            What to give to `leave`, when the work has ended or is not wanted any more.

        Raises:
            Unavailable: No place is free, for anybody or for this requester, or `close` was called.

        """
        place = Place(begin)
        with self._changed:
            if self._is_closed:
                raise Unavailable("This password hasher is closed.")
            if not self._queue.enter(place, () if requester is None else requester.keys):
                raise Unavailable("Too many passwords are being hashed at the moment.")
            following = self._queue.begin()
        if following is not None:
            following.begin()
        return place

    def leave(self, place: Place) -> None:
        """Free a place, and let the next hash begin."""
        with self._changed:
            self._queue.leave(place)
            following = self._queue.begin()
            self._changed.notify_all()
        if following is not None:
            following.begin()

    @contextmanager
    def lane(self, requester: Requester | None) -> Iterator[None]:
        """Hold a lane for the length of a block, and block the thread until it is there. Raises `Unavailable`."""
        turn = Event()
        place = self.enter(turn.set, requester)
        try:
            turn.wait()
            yield
        finally:
            self.leave(place)

    def close(self) -> None:
        """Refuse whatever comes from now on, and block until what runs and what waits has ended."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: len(self._queue) == 0)


_lanes: Final[WeakSet[Lanes]] = WeakSet()


def _start_over() -> None:
    for each in _lanes:
        each.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
