"""Port: requests with an idempotency key, and their answers.

Called by `RunIdempotent` and `SignUpIdempotent`, and for exports and deletion. A scope has one request at most; only
the holder of its claim answers or releases it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor


@attrs.frozen
class IdempotencyRecordSummary:
    """A request without its answer, which may be long."""

    created_at: datetime
    """When the request was claimed."""
    scope: bytes = attrs.field(repr=False)
    """Identifies its owner, call and key: 32 bytes."""


class IdempotencyReader(Protocol):
    """Reads of requests with an idempotency key."""

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[IdempotencyRecordSummary]:
        """Return requests of a user, the newest first (ties by scope, descending).

        Args:
            user_id: The user; an unknown one has no requests.
            limit: The most requests to return.
            before: Only requests below this position, whether or not there is a request at it.

        Returns:
            The requests, without their answers.

        """
        ...


class IdempotencyStore(IdempotencyReader, Protocol):
    """The requests with an idempotency key in one transaction."""

    async def find(self, scope: bytes) -> IdempotencyRecord | None:
        """Return the request with this scope, answered or not, or None."""
        ...

    async def add(self, request: IdempotencyRecord) -> None:
        """Add a request, answered or not.

        Raises:
            Conflict: Here or at commit: the scope has a request, or the user is gone.

        """
        ...

    async def answer(self, request: IdempotencyRecord) -> None:
        """Store the answer of a request.

        Raises:
            Conflict: The request is gone, or is held under another claim than `request.claim`.

        """
        ...

    async def release(self, request: IdempotencyRecord) -> None:
        """Delete a request that is held under its claim and has no answer; any other stays."""
        ...

    async def delete(self, request: IdempotencyRecord) -> None:
        """Delete a request that is held under its claim, answered or not; any other stays."""
        ...

    async def delete_for_user(self, user_id: UserId) -> None:
        """Delete every request of the user."""
        ...

    async def list_for_email(self, email: EmailAddress) -> Sequence[IdempotencyRecord]:
        """Return the sign-ups of an address that belong to no user, the newest first."""
        ...

    async def delete_for_email(self, email: EmailAddress) -> None:
        """Delete the sign-ups of an address that belong to no user."""
        ...
