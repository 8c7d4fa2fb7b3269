from collections.abc import Sequence
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.verification import CardVerification


class VerificationReads(Protocol):
    """Reading card verifications."""

    async def find(self, id: str) -> CardVerification | None:
        """Return the verification, or None."""
        ...

    async def find_latest(self, user_id: UserId, requested: str) -> CardVerification | None:
        """Return the user's newest verification of what was asked for as `requested`, open or ended, or None."""
        ...

    async def find_by_payment_method(self, user_id: UserId, payment_method: str) -> CardVerification | None:
        """Return the user's newest verification that the provider used this payment method for, or None."""
        ...

    async def find_by_request(self, user_id: UserId, request_key: str) -> CardVerification | None:
        """Return the user's verification that was opened by this request, or None."""
        ...

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[CardVerification]:
        """Return at most `limit` verifications of the user, open and ended, newest first (ties by id, descending).

        After a `Cursor` come those below it, whether or not there is a verification at it.
        """
        ...

    async def open_of_customer(self, customer_id: str) -> Sequence[CardVerification]:
        """Return every open verification with this customer of the provider's, oldest first, doomed ones included."""
        ...


class Verifications(VerificationReads, Protocol):
    """The card verifications of one transaction."""

    async def add(self, verification: CardVerification) -> None:
        """Add a verification.

        Raises `Conflict`, here or at commit, when one is open for this user and this `requested`, or the user has one
        of the same `request_key`.
        """
        ...

    async def find_open(self, user_id: UserId, requested: str) -> CardVerification | None:
        """Return the user's open verification of this payment method, or None."""
        ...

    async def open_of(self, user_id: UserId) -> Sequence[CardVerification]:
        """Return every open verification of the user, oldest first."""
        ...

    async def save(self, verification: CardVerification) -> CardVerification:
        """Store a changed verification and return it with its new version.

        Raises `Conflict` when it is not the stored version that was changed, or it is gone.
        """
        ...

    async def remove(self, id: str) -> None:
        """Remove a verification, whatever its state; one that is gone is removed already."""
        ...

    async def remove_ended_of(self, user_id: UserId) -> None:
        """Remove the user's verifications that are not open."""
        ...
