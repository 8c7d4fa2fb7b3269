"""Port: the verified cards of users.

Called by the card use cases, the card verifier and the synchronisation with the provider. A payment method belongs to
one user, and a user with cards has exactly one default.
"""

from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards


class PaymentMethodReader(Protocol):
    """Reads of cards."""

    async def list_for_user(self, user_id: UserId) -> Cards:
        """Return the user's cards, the newest first; empty for an unknown user."""
        ...


class PaymentMethods(PaymentMethodReader, Protocol):
    """The cards in one transaction. Lock the user before changing them."""

    async def save(self, user_id: UserId, cards: Cards) -> None:
        """Replace the user's cards: new ones are added, missing ones deleted, changed ones updated.

        Raises:
            Conflict: Here or at commit: the user is gone, another user has one of the cards, or two would be the
                default.

        """
        ...
