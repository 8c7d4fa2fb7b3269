"""Which job is next when many wait for few lanes: round robin over the requesters.

A job is attributed to keys, such as the account and the client that it is done for. Among the jobs that wait, the next
is one whose keys were all served longest ago. So whoever has many jobs waiting is served once for each time that
everybody else is, and a requester who comes new is behind no more than one job of each other one. In a plain FIFO queue
one requester with a hundred jobs would keep everybody else waiting for all of them.
"""

from collections import Counter
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

import attrs

J = TypeVar("J", bound=Hashable)


@attrs.define(kw_only=True)
class FairQueue(Generic[J]):
    """Jobs that run in `lanes` at most, and wait in the order described above. Not safe between threads by itself.

    Attributes:
        lanes: How many jobs run at once.
        max_waiting: How many jobs wait at most, beside those that run.
        max_waiting_each: How many of them are attributed to one key at most. Others still get in then.

    """

    lanes: int
    max_waiting: int
    max_waiting_each: int
    _waiting: dict[J, frozenset[str]] = attrs.field(factory=dict, init=False)
    """In the order in which they came."""
    _running: dict[J, frozenset[str]] = attrs.field(factory=dict, init=False)
    _places: Counter[str] = attrs.field(factory=Counter, init=False)
    """By key, how many jobs run or wait. A key without one is forgotten."""
    _served: dict[str, int] = attrs.field(factory=dict, init=False)
    """By key, when a job of it began last: an odd number. For a new key, an even one: after all that was served before
    it came, and ahead of whoever was served last."""
    _turn: int = attrs.field(default=0, init=False)

    def __len__(self) -> int:
        """Return how many jobs run or wait."""
        return len(self._waiting) + len(self._running)

    def enter(self, job: J, keys: Collection[str]) -> bool:
        """Let `job` wait for its turn.

        Args:
            job: Anything hashable, once.
            keys: Whom it is attributed to. Jobs without a key are treated as one requester's, except that
                `max_waiting_each` does not hold for them.

        Returns:
            False when there is no place for it: for nobody, or for none of one of its keys.

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
        """Return the job whose turn it is, which runs from now on; None when no lane is free or nothing waits."""
        if len(self._running) >= self.lanes or not self._waiting:
            return None
        # of several that were served equally long ago, the one that came first
        job = min(self._waiting, key=lambda each: max(self._served[key] for key in self._waiting[each]))
        keys = self._running[job] = self._waiting.pop(job)
        self._turn += 1
        for key in keys:
            self._served[key] = 2 * self._turn + 1
        return job

    def leave(self, job: J) -> None:
        """Free the place of a job that has ended, or that does not wait any more."""
        keys = self._waiting.pop(job, None) or self._running.pop(job, frozenset())
        for key in keys:
            self._places[key] -= 1
            if not self._places[key]:
                del self._places[key], self._served[key]
