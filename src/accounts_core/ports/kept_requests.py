from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.email import Email
from accounts_core.model.idempotency import KeptRequest
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor


@attrs.frozen
class RequestSummary:
    """When a request was made, and its scope. Not its answer, which may be long."""

    created_at: datetime
    scope: bytes = attrs.field(repr=False)


class KeptRequestReads(Protocol):
    """Reading requests with an idempotency key."""

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[RequestSummary]:
        """Return at most `limit` requests of the user, the newest first (ties by scope, descending).

        After a `Cursor` come those below it, whether or not there is a request at it.
        """
        ...


class KeptRequests(KeptRequestReads, Protocol):
    """The requests with an idempotency key, of one transaction."""

    async def find(self, scope: bytes) -> KeptRequest | None:
        """Return the request, or None."""
        ...

    async def add(self, request: KeptRequest) -> None:
        """Add a request, answered or not.

        Raises `Conflict`, here or at commit, when its scope is taken or its user is gone.
        """
        ...

    async def answer(self, request: KeptRequest) -> None:
        """Store the answer of a request. Raises `Conflict` when it is not, or no longer, held under its claim."""
        ...

    async def let_go(self, request: KeptRequest) -> None:
        """Forget a request that is held under its claim and has no answer; any other is left alone."""
        ...

    async def remove(self, request: KeptRequest) -> None:
        """Forget a request that is held under its claim, answered or not; one that is not is left alone."""
        ...

    async def remove_of(self, user_id: UserId) -> None:
        """Forget every request of a user."""
        ...

    async def list_for_email(self, email: Email) -> Sequence[KeptRequest]:
        """Return the sign-ups of an address that belong to no user, the newest first."""
        ...

    async def delete_for_email(self, email: Email) -> None:
        """Delete the sign-ups of an address that belong to no user."""
        ...
