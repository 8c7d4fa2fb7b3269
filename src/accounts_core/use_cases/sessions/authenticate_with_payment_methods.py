import attrs

from accounts_core.errors import InvalidToken
from accounts_core.model.payment_method import Cards
from accounts_core.model.tokens import digest_of
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.sessions.authenticate import Authenticate, Caller, check_answer


@attrs.frozen
class AuthenticateWithPaymentMethods:
    """Find out who holds a token, and their cards, in one read of the store."""

    _store: Store[UnitOfWork]
    _authenticate: Authenticate

    async def __call__(self, token: str) -> tuple[Caller, Cards]:
        """Return the caller and their cards. Raises as `Authenticate` does, also for cards of somebody else."""
        digest = digest_of(token)
        async with self._store.read() as views:
            found = await views.sessions.resolve_with_cards(digest)
        if found is None:
            raise InvalidToken
        session, user, cards = found
        check_answer(digest, session, user, cards)
        return self._authenticate.admit(session, user), cards
