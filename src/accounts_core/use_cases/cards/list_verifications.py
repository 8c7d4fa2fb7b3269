import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.verification import CardVerification
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


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
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[VerificationView]:
        """Return at most `limit`, newest first, from the position or the id `before` on. Raises `Invalid` on it."""
        async with self._store.read() as views:

            async def find(id: str) -> Cursor | None:
                verification = await views.verifications.find(id)
                return None if verification is None or verification.user_id != user_id else _cursor(verification)

            page = await Listed(
                name=f"verifications of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: views.verifications.of(user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)
            cards = {card.id: card for card in await views.payment_methods.of(user_id)}
        return Page((VerificationView(each, cards.get(each.payment_method or "")) for each in page), next=page.next)


def _cursor(verification: CardVerification) -> Cursor:
    return Cursor(verification.created_at, verification.id)
