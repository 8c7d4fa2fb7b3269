"""Port: the rows that have had their time, of every kind, and their deletion in batches.

Implemented by each store; called by the cleanup use case alone. A batch is a unit of work of its own, so that none is
long, and a cleanup that is broken off has deleted whole batches and nothing else.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Expired(StrEnum):
    """A kind of rows, and which of their times is compared."""

    SESSIONS = "sessions"
    """`expires_at`; and `last_used_at`, which is compared with another time."""
    MAIL_TOKENS = "mail_tokens"
    """`expires_at`."""
    SIGN_UPS = "sign_ups"
    """`expires_at`."""
    KEPT_REQUESTS = "kept_requests"
    """`created_at`, answered or not."""
    PROVIDER_EVENTS = "provider_events"
    """`received_at`."""
    INVITATIONS = "invitations"
    """When the invitation was sent last, open or not."""
    NOTIFICATIONS = "notifications"
    """`created_at`, read or not."""
    DEVICES = "devices"
    """When the device was seen last."""
    VERIFICATIONS = "verifications"
    """`updated_at` of those that are not open."""
    DEAD_JOBS = "dead_jobs"
    """`parked_at`; a job that is still tried has none."""
    AUDIT = "audit"
    """`at`."""


class CleanupReads(Protocol):
    """Counting what is to be deleted."""

    async def count(self, kind: Expired, *, until: datetime, unused_since: datetime | None = None) -> int:
        """Count the rows of this kind whose time is `until` or earlier.

        `unused_since` is for sessions, and needed there: those that were last used then or earlier count as well.
        """
        ...


class Cleanup(CleanupReads, Protocol):
    """Deleting, in one transaction."""

    async def delete(self, kind: Expired, *, until: datetime, limit: int, unused_since: datetime | None = None) -> int:
        """Delete at most `limit` of the rows that `count` counts; return how many there were.

        Of two units that delete at once none waits for the other: one leaves out what the other is deleting, or gets
        `Conflict`, here or at commit.
        """
        ...
