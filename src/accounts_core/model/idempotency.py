"""Requests that a client may repeat without doing twice what they ask for (`Idempotency-Key`).

A request is claimed before it is performed, and answered in the very transaction of its effect. So a repeat finds the
answer, or a claim that somebody works under, or a claim that ran out: then nothing was done, and the repeat does it.
A sign-up has no user to be claimed for: it is stored with its effect, answered, or not at all.

A fingerprint tells whether a repeat asks for the same thing. It is 32 bytes, a digest of what may be guessed from a
digest. Where the request has secrets, such as a password, 64 bytes follow: 32 that name the token it came with, and 32
of an HMAC of the secrets under that token. So nobody who reads them can try passwords. What a repeat with the same
digest is then:

    token   secrets         the repeat is
    same    none, the same  the same request: it gets the answer
    same    other           another request: it is refused
    other   none            the same request
    other   any             not comparable: it is performed
    any     added, removed  another request
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from hmac import digest
from typing import Final

import attrs

from .ids import UserId
from .times import CLOCK_SKEW

KEPT_FOR: Final = timedelta(hours=24)
CLAIMED_FOR: Final = timedelta(seconds=60)
"""How long whoever performs a request keeps it to themself."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""Largest answer that is stored. The largest that a call of the service gives is some 60 KB: 10,000 control characters
in an interaction."""

_PART_BYTES: Final = 32


class Repeat(Enum):
    """What a request is to an earlier one with the same key."""

    SAME = auto()
    ANOTHER = auto()
    NOT_COMPARABLE = auto()


def fingerprint_of(plain: bytes, *, secrets: bytes | None = None, token: str = "") -> bytes:
    """Return the fingerprint of a request.

    Args:
        plain: What the request says besides secrets, in one canonical form.
        secrets: Its secrets in one canonical form, or None when it has none.
        token: The access token that it came with: 256 random bits, so that its HMAC tells nothing about the secrets.

    """
    fingerprint = sha256(plain).digest()
    if secrets is None:
        return fingerprint
    key = token.encode()
    return fingerprint + digest(key, b"token\0", "sha256") + digest(key, b"secrets\0" + secrets, "sha256")


def compare_fingerprints(kept: bytes, given: bytes) -> Repeat:
    """Say what a request is to the one whose fingerprint was kept, by the table at the top."""
    if kept == given:
        return Repeat.SAME
    plain, token = slice(_PART_BYTES), slice(_PART_BYTES, 2 * _PART_BYTES)
    both_have_secrets = len(kept) == len(given) > _PART_BYTES
    if both_have_secrets and kept[plain] == given[plain] and kept[token] != given[token]:
        return Repeat.NOT_COMPARABLE
    return Repeat.ANOTHER


@attrs.frozen(kw_only=True)
class IdempotencyRecord:
    """A request that came with a key. `scope` names its owner, call and key; `fingerprint` tells another body apart.

    The owner is a user or, for a sign-up that made none yet, an address by its key. `claim` names who performs it;
    `answer` is None until it is answered.
    """

    scope: bytes
    user_id: UserId | None
    fingerprint: bytes
    claim: str
    created_at: datetime
    claimed_until: datetime
    answer: bytes | None = attrs.field(default=None, repr=False)
    email_key: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.user_id is None) == (self.email_key is None):
            raise ValueError("A kept request belongs to a user or to an address.")

    def is_running(self, *, now: datetime) -> bool:
        """Return whether somebody may be performing it; nobody is under a claim that ends later than any claim can."""
        return self.answer is None and now < self.claimed_until <= now + CLAIMED_FOR + CLOCK_SKEW

    def is_kept(self, *, now: datetime) -> bool:
        """Return whether a repeat gets its answer. One from the future is kept: to do it twice would be worse."""
        return now < self.created_at + KEPT_FOR
