"""Port: expired rows of every kind, and their deletion in batches.

Called by `RunCleanup` and `PreviewCleanup`. Each batch is a separate, short unit of work, so an interrupted cleanup has
deleted whole batches only.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Expired(StrEnum):
    """A kind of rows; each member's docstring names the time that is compared."""

    SESSIONS = "sessions"
    """`expires_at`; also `last_used_at`, which is compared with a second time."""
    MAIL_TOKENS = "mail_tokens"
    """`expires_at`."""
    SIGN_UPS = "sign_ups"
    """`expires_at`."""
    IDEMPOTENCY_RECORDS = "idempotency_records"
    """`created_at`, answered or not."""
    PROVIDER_EVENTS = "provider_events"
    """`received_at`."""
    INVITATIONS = "invitations"
    """When the invitation was last sent, open or not."""
    NOTIFICATIONS = "notifications"
    """`created_at`, read or not."""
    DEVICES = "devices"
    """When the device was last seen."""
    VERIFICATIONS = "verifications"
    """`updated_at` of those that are not open."""
    DEAD_JOBS = "dead_jobs"
    """`dead_lettered_at`; a job that is still retried has none."""
    AUDIT = "audit"
    """`at`."""


class CleanupReader(Protocol):
    """Counts of expired rows."""

    async def count(self, kind: Expired, *, until: datetime, unused_since: datetime | None = None) -> int:
        """Count the expired rows of a kind.

        Args:
            kind: The kind of rows.
            until: Rows whose time is this or earlier have expired.
            unused_since: For sessions, where it is required: those last used then or earlier have expired as well.

        Returns:
            The number of rows.

        """
        ...


class Cleanup(CleanupReader, Protocol):
    """Deletion of expired rows in one transaction."""

    async def delete(self, kind: Expired, *, until: datetime, limit: int, unused_since: datetime | None = None) -> int:
        """Delete some of the rows that `count` counts.

        Concurrent units of work do not wait for each other: one skips the rows that the other is deleting, or gets
        `Conflict`.

        Args:
            kind: The kind of rows.
            until: As in `count`.
            limit: The most rows to delete.
            unused_since: As in `count`.

        Returns:
            The number of rows deleted. Less than `limit` if no other expired rows are left, or others are being
            deleted.

        Raises:
            Conflict: Here or at commit: another unit of work is deleting the same rows.

        """
        ...
