"""Port: card verifications.

Called by `VerifyCard`, the card verifier, the synchronisation with the provider and deletion. A user has one open
verification of a payment method at most; `version` detects concurrent changes.
"""

from collections.abc import Sequence
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.verification import CardVerification


class VerificationReader(Protocol):
    """Reads of card verifications."""

    async def find(self, id: str) -> CardVerification | None:
        """Return the verification with this id, or None."""
        ...

    async def find_latest(self, user_id: UserId, requested: str) -> CardVerification | None:
        """Return the user's newest verification, open or ended, that was requested for `requested`, or None."""
        ...

    async def find_by_payment_method(self, user_id: UserId, payment_method: str) -> CardVerification | None:
        """Return the user's newest verification for which the provider used this payment method, or None."""
        ...

    async def find_by_idempotency_key(self, user_id: UserId, idempotency_key: str) -> CardVerification | None:
        """Return the user's verification with this idempotency key, or None."""
        ...

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[CardVerification]:
        """Return verifications of a user, open and ended, the newest first (ties by id, descending).

        Args:
            user_id: The user; an unknown one has no verifications.
            limit: The most verifications to return.
            before: Only verifications below this position, whether or not there is a verification at it.

        Returns:
            The verifications.

        """
        ...

    async def list_open_for_customer(self, customer_id: str) -> Sequence[CardVerification]:
        """Return every open verification with this provider's customer, the oldest first, orphaned ones included."""
        ...


class Verifications(VerificationReader, Protocol):
    """The card verifications in one transaction."""

    async def add(self, verification: CardVerification) -> None:
        """Add a verification.

        Raises:
            Conflict: Here or at commit: the user has an open one with this `requested`, or one with this
                `idempotency_key`.

        """
        ...

    async def find_open(self, user_id: UserId, requested: str) -> CardVerification | None:
        """Return the user's open verification that was requested for `requested`, or None."""
        ...

    async def list_open_for_user(self, user_id: UserId) -> Sequence[CardVerification]:
        """Return every open verification of the user, the oldest first."""
        ...

    async def save(self, verification: CardVerification) -> CardVerification:
        """Store a changed verification.

        Returns:
            The verification with its new version.

        Raises:
            Conflict: It was changed since it was read, or is gone.

        """
        ...

    async def delete(self, id: str) -> None:
        """Delete a verification in any state; one that is gone is skipped."""
        ...

    async def delete_ended_for_user(self, user_id: UserId) -> None:
        """Delete the user's verifications that are not open."""
        ...
