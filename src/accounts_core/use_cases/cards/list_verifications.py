"""A verification is listed with its card only while the user has that card: nothing is stored about other cards."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.verification import CardVerification
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


@attrs.frozen
class VerificationView:
    """A card verification and the card that it led to."""

    verification: CardVerification
    card: PaymentMethod | None
    """None unless the user has the card now."""


@attrs.frozen
class ListVerifications:
    """List the card verifications of a user, open and ended."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[VerificationView]:
        """Return one page of the user's card verifications, open and ended, newest first.

        Args:
            user_id: The user whose verifications to return.
            limit: The most entries to return; less than 1 gives an empty page.
            before: `next` of the previous page, or the id of one of these verifications; None starts with the newest.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one. Empty for an unknown user.

        Raises:
            Invalid: On `before`: neither a cursor of this list nor the id of an entry.

        """
        async with self._store.reader() as reader:

            async def find(id: str) -> Cursor | None:
                verification = await reader.verifications.find(id)
                return None if verification is None or verification.user_id != user_id else _cursor(verification)

            page = await Listed(
                name=f"verifications of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: reader.verifications.list_for_user(user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)
            cards = {card.id: card for card in await reader.payment_methods.list_for_user(user_id)}
        return Page((VerificationView(each, cards.get(each.payment_method or "")) for each in page), next=page.next)


def _cursor(verification: CardVerification) -> Cursor:
    return Cursor(verification.created_at, verification.id)
