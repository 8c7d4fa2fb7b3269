"""Cards are read from the local copy, which the outbox and provider events keep current; the provider is not asked."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class ListPaymentMethods:
    """List the cards of a user."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId) -> Cards:
        """Return the user's verified cards.

        Args:
            user_id: The user whose cards to return.

        Returns:
            The cards, newest first; empty for a user without cards and for an unknown user.

        Raises:
            Unavailable: The database is away.

        """
        async with self._store.reader() as reader:
            return await reader.payment_methods.list_for_user(user_id)
