from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards


class PaymentMethodReads(Protocol):
    """Reading payment methods."""

    async def of(self, user_id: UserId) -> Cards:
        """Return the user's cards; empty when there are none, or no such user."""
        ...


class PaymentMethods(PaymentMethodReads, Protocol):
    """The payment methods of one transaction. Lock the user before changing them."""

    async def save(self, user_id: UserId, cards: Cards) -> None:
        """Make `cards` the user's cards: new ones are added, missing ones removed, changed ones changed.

        Raises `Conflict`, here or at commit, when the user is gone, when another user has one of them, or when more
        than one would be the default.
        """
        ...
