"""Resolve an access token for calls that also return the user's cards: one read of the store instead of two."""

from typing import Generic

import attrs

from accounts_core.errors import InvalidToken
from accounts_core.model.payment_method import Cards
from accounts_core.model.profile_data import D
from accounts_core.model.tokens import digest_of
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.sessions.authenticate import Authenticate, Caller, check_answer


@attrs.frozen
class AuthenticateWithPaymentMethods(Generic[D]):
    """Resolve an access token and read the user's cards, with one read of the store."""

    _store: Store[UnitOfWork]
    _authenticate: Authenticate[D]

    async def __call__(self, token: str, *, touch: bool = True) -> tuple[Caller[D], Cards]:
        """Return the user and the session that an access token belongs to, and the user's cards.

        Args:
            token: The access token, as `sign_in` returned it.
            touch: As in `authenticate`.

        Returns:
            The caller, as `authenticate` returns it, and the user's cards.

        Raises:
            InvalidToken: The token is malformed or unknown, its session is over, or its user is deactivated.
            AnswerMismatch: The store returned another session or user than the token's, or another user's cards.

        """
        digest = digest_of(token)
        async with self._store.reader() as reader:
            found = await reader.sessions.resolve_with_cards(digest)
        if found is None:
            raise InvalidToken
        session, user, cards = found
        check_answer(digest, session, user, cards)
        return await self._authenticate.admit(session, user, touch=touch), cards
