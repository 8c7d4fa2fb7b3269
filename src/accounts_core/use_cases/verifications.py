from collections.abc import Sequence

import attrs

from accounts_core.errors import Invalid
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.verification import CardVerification
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class VerificationView:
    """A verification, and its card where the user still has it: of any other nothing is stored."""

    verification: CardVerification
    card: PaymentMethod | None


@attrs.frozen
class ListVerifications:
    """Read a user's card verifications, open and ended."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = 50, before: str | None = None
    ) -> Sequence[VerificationView]:
        """Return at most `limit`, newest first, from the one after `before` on.

        Raises `Invalid` on `before` for anything but the id of one of the user's verifications.
        """
        async with self._store.read() as views:
            position = None
            if before is not None:
                last = await views.verifications.find(before)
                if last is None or last.user_id != user_id:
                    raise Invalid("before", "This is not the id of an entry.")
                position = Cursor(last.created_at, last.id)
            found = await views.verifications.of(user_id, limit=limit, before=position)
            cards = {card.id: card for card in await views.payment_methods.of(user_id)}
        return [VerificationView(each, cards.get(each.payment_method or "")) for each in found]
