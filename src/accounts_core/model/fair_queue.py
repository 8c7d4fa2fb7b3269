"""A fair queue for jobs that wait for few lanes: round robin over the requesters.

A job is attributed to keys, such as the account and the client of its request. The next job is the one whose keys were
all served longest ago. So requesters are served in turn, however many jobs each has waiting, and a new requester waits
for at most one job of each other one. In a FIFO queue one requester with a hundred jobs would delay all others by all
of them.
"""

from collections import Counter
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

import attrs

J = TypeVar("J", bound=Hashable)


@attrs.define(kw_only=True)
class FairQueue(Generic[J]):
    """A queue of jobs, of which at most `lanes` run at once. Not thread-safe.

    Attributes:
        lanes: The most jobs that run at once.
        max_waiting: The most jobs that wait, in addition to those that run.
        max_waiting_each: The most waiting jobs of one key. Jobs of other keys are still accepted.

    """

    lanes: int
    max_waiting: int
    max_waiting_each: int
    _waiting: dict[J, frozenset[str]] = attrs.field(factory=dict, init=False)
    """In the order in which they came."""
    _running: dict[J, frozenset[str]] = attrs.field(factory=dict, init=False)
    _places: Counter[str] = attrs.field(factory=Counter, init=False)
    """The number of jobs that run or wait, by key. Keys without jobs are deleted."""
    _served: dict[str, int] = attrs.field(factory=dict, init=False)
    """The turn in which a job of a key began last, by key: an odd number. A new key has an even one, which sorts after
    all earlier turns and before the latest one."""
    _turn: int = attrs.field(default=0, init=False)

    def __len__(self) -> int:
        """Return the number of jobs that run or wait."""
        return len(self._waiting) + len(self._running)

    def enter(self, job: J, keys: Collection[str]) -> bool:
        """Add a job to the queue.

        Args:
            job: Any hashable object that is not in the queue.
            keys: The requesters that it is attributed to. Jobs without a key count as one requester's, to which
                `max_waiting_each` does not apply.

        Returns:
            False if the queue is full, or has too many waiting jobs of one of the keys.

        """
        most = self.lanes + self.max_waiting_each
        if len(self) >= self.lanes + self.max_waiting or any(self._places[key] >= most for key in keys):
            return False
        attributed = frozenset(keys or ("",))
        for key in attributed:
            if key not in self._served:
                self._served[key] = 2 * self._turn
            self._places[key] += 1
        self._waiting[job] = attributed
        return True

    def begin(self) -> J | None:
        """Start the next job and return it; None if no lane is free or no job waits."""
        if len(self._running) >= self.lanes or not self._waiting:
            return None
        # `min` returns the job that was added first if several were served equally long ago.
        job = min(self._waiting, key=lambda each: max(self._served[key] for key in self._waiting[each]))
        keys = self._running[job] = self._waiting.pop(job)
        self._turn += 1
        for key in keys:
            self._served[key] = 2 * self._turn + 1
        return job

    def leave(self, job: J) -> None:
        """Remove a job that has ended or has stopped waiting."""
        keys = self._waiting.pop(job, None) or self._running.pop(job, frozenset())
        for key in keys:
            self._places[key] -= 1
            if not self._places[key]:
                del self._places[key], self._served[key]
