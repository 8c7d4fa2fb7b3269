"""Requests that a client may repeat without doing twice what they ask for (`Idempotency-Key`).

A request is claimed before it is performed, and answered in the very transaction of its effect. So a repeat finds the
answer, or a claim that somebody works under, or a claim that ran out: then nothing was done, and the repeat does it.
"""

from datetime import datetime, timedelta
from typing import Final

import attrs

from .ids import UserId
from .times import CLOCK_SKEW

KEPT_FOR: Final = timedelta(hours=24)
CLAIMED_FOR: Final = timedelta(seconds=60)
"""How long whoever performs a request keeps it to themself."""


@attrs.frozen(kw_only=True)
class KeptRequest:
    """A request that came with a key. `scope` names user, call and key; `fingerprint` tells another body apart.

    `claim` names who performs it; `answer` is None until it is answered.
    """

    scope: bytes
    user_id: UserId
    fingerprint: bytes
    claim: str
    created_at: datetime
    claimed_until: datetime
    answer: bytes | None = attrs.field(default=None, repr=False)

    def is_running(self, *, now: datetime) -> bool:
        """Return whether somebody may be performing it; nobody is under a claim that ends later than any claim can."""
        return self.answer is None and now < self.claimed_until <= now + CLAIMED_FOR + CLOCK_SKEW

    def is_kept(self, *, now: datetime) -> bool:
        """Return whether a repeat gets its answer. One from the future is kept: to do it twice would be worse."""
        return now < self.created_at + KEPT_FOR
