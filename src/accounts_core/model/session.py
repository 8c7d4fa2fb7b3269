"""Sessions: each is one sign-in on one device, stored with the digest of its token only."""

from datetime import datetime, timedelta
from typing import Final, Self

import attrs

from .card_numbers import holds_card_number
from .ids import UserId
from .policy import SessionPolicy
from .secret_values import TokenDigest
from .times import is_ahead

MAX_USER_AGENT: Final = 255
TOUCH_INTERVAL: Final = timedelta(minutes=5)
"""The most by which `last_used_at` lags, so that not every request has to write it."""


@attrs.frozen(kw_only=True)
class Session:
    """A session. `created_at` is the time of the sign-in, `expires_at` the end, even if it is used until then."""

    id: str
    user_id: UserId
    digest: TokenDigest = attrs.field(repr=False)
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
        digest: TokenDigest,
        at: datetime,
        policy: SessionPolicy,
        user_agent: str | None = None,
    ) -> Self:
        """Return a new session.

        The user agent is only displayed, so it is truncated and cleaned instead of refused. One with a card number in
        it is not stored.
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
        """Return whether the session has not expired and was not idle for longer than the policy allows."""
        return now < self.expires_at and now - self.last_used_at < policy.idle

    def needs_touch(self, *, now: datetime) -> bool:
        """Return whether `last_used_at` has to be updated: it lags too far, or is in the future."""
        return now - self.last_used_at >= TOUCH_INTERVAL or is_ahead(self.last_used_at, now=now)

    def touch(self, *, at: datetime) -> Self:
        return attrs.evolve(self, last_used_at=at)
