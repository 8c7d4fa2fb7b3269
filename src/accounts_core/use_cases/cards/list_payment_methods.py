import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class ListPaymentMethods:
    """Read a user's cards, from the local copy."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId) -> Cards:
        """Return the user's cards, newest first.

        Args:
            user_id: Whose cards; a user without any, and no such user, have none.

        Raises:
            Unavailable: The database cannot be reached.

        """
        async with self._store.read() as views:
            return await views.payment_methods.of(user_id)
