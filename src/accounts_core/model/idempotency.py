"""Idempotent requests, which have the same effect when they are sent twice (`Idempotency-Key`).

A request is claimed before it is performed, and answered in the transaction of its effect. So a repeat finds the
answer, a running claim, or an expired claim; in the last case nothing was done, and the repeat is performed. A sign-up
has no user to be claimed for: its record is stored with its effect, answered, or not at all.

A fingerprint decides whether a repeat is the same request. Its first 32 bytes are a digest of the body without secrets.
If the request has secrets, such as a password, 64 bytes follow: 32 that identify its access token, and 32 of an HMAC of
the secrets under that token, so that the record does not help to guess passwords. A repeat with the same digest is
compared as follows:

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
"""The duration of a claim on a request, held by the process that performs it."""
MAX_ANSWER_BYTES: Final = 80 * 1024
"""Largest answer that is stored. The largest answers of the HTTP service are a user with 64 KiB of profile data, and an
interaction of 10,000 control characters, which is about 60 KB."""

_PART_BYTES: Final = 32


class Repeat(Enum):
    """The result of the comparison with an earlier request of the same key."""

    SAME = auto()
    ANOTHER = auto()
    NOT_COMPARABLE = auto()


def fingerprint_of(plain: bytes, *, secrets: bytes | None = None, token: str = "") -> bytes:
    """Return the fingerprint of a request.

    Args:
        plain: The body without secrets, in a canonical form.
        secrets: The secrets in a canonical form; None if there are none.
        token: The access token of the request: 256 random bits, so that the HMAC reveals nothing about the secrets.

    """
    fingerprint = sha256(plain).digest()
    if secrets is None:
        return fingerprint
    key = token.encode()
    return fingerprint + digest(key, b"token\0", "sha256") + digest(key, b"secrets\0" + secrets, "sha256")


def compare_fingerprints(stored: bytes, received: bytes) -> Repeat:
    """Compare a request's fingerprint with the stored one, by the table at the top."""
    if stored == received:
        return Repeat.SAME
    plain, token = slice(_PART_BYTES), slice(_PART_BYTES, 2 * _PART_BYTES)
    both_have_secrets = len(stored) == len(received) > _PART_BYTES
    if both_have_secrets and stored[plain] == received[plain] and stored[token] != received[token]:
        return Repeat.NOT_COMPARABLE
    return Repeat.ANOTHER


@attrs.frozen(kw_only=True)
class IdempotencyRecord:
    """A request with an idempotency key. `scope` identifies its owner, call and key; `fingerprint` its body.

    The owner is a user or, for a sign-up without a user so far, an address by its key. `claim` identifies the process
    that performs it; `answer` is None until it is answered.
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
            raise ValueError("An idempotency record belongs to either a user or an address.")

    def is_running(self, *, now: datetime) -> bool:
        """Return whether it may be in progress. A claim that a wrong clock dated too far ahead is ignored."""
        return self.answer is None and now < self.claimed_until <= now + CLAIMED_FOR + CLOCK_SKEW

    def is_kept(self, *, now: datetime) -> bool:
        """Return whether a repeat gets its answer. A record from the future is kept, so that it is not done twice."""
        return now < self.created_at + KEPT_FOR
