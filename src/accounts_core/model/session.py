"""A session: one sign-in on one device, known to the store only by the digest of its token."""

from datetime import datetime, timedelta
from typing import Final, Self

import attrs

from .card_numbers import holds_card_number
from .ids import UserId
from .policy import SessionPolicy
from .times import is_ahead

MAX_USER_AGENT: Final = 255
TOUCH_INTERVAL: Final = timedelta(minutes=5)
"""`last_used_at` may lag by this much, so that a busy session does not write on every request."""


@attrs.frozen(kw_only=True)
class Session:
    """A session. `created_at` is the moment of the sign-in, `expires_at` the end whatever happens."""

    id: str
    user_id: UserId
    digest: bytes = attrs.field(repr=False)
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None = None

    @classmethod
    def begin(
        cls,
        *,
        id: str,
        user_id: UserId,
        digest: bytes,
        at: datetime,
        policy: SessionPolicy,
        user_agent: str | None = None,
    ) -> Self:
        """Start a session at `at`. A user agent is a claim for people to read: it is cut and cleaned, not refused.

        One with a card number in it is not kept at all.
        """
        if user_agent is not None:
            user_agent = "".join(c for c in user_agent if c.isprintable())[:MAX_USER_AGENT] or None
        if user_agent is not None and holds_card_number(user_agent):
            user_agent = None
        return cls(
            id=id,
            user_id=user_id,
            digest=digest,
            created_at=at,
            last_used_at=at,
            expires_at=at + policy.lifetime,
            user_agent=user_agent,
        )

    def is_live(self, *, now: datetime, policy: SessionPolicy) -> bool:
        """Neither past its end nor idle for longer than the policy allows."""
        return now < self.expires_at and now - self.last_used_at < policy.idle

    def needs_touch(self, *, now: datetime) -> bool:
        """Return whether `last_used_at` has to be written again: it lags far enough, or lies in the future."""
        return now - self.last_used_at >= TOUCH_INTERVAL or is_ahead(self.last_used_at, now=now)

    def touch(self, *, at: datetime) -> Self:
        return attrs.evolve(self, last_used_at=at)
