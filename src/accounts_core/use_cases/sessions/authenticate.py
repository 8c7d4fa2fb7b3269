"""Resolve an access token, once for each request.

Session and user are read from the store each time (ASVS 5.0, 7.2.1 and 8.3.2), so a token is refused from the moment
at which its session ends or its user is deactivated.
"""

from collections.abc import Iterable
from hmac import compare_digest

import attrs

from accounts_core.errors import AnswerMismatch, InvalidToken
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.policy import Policy
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.tokens import digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


def check_answer(digest: TokenDigest, session: Session, user: User, cards: Iterable[PaymentMethod] = ()) -> None:
    """Check that what the store returned belongs to the token that was looked up.

    A driver or a connection pool may mix answers up, and a mixed-up answer must never sign in another person.

    Raises:
        AnswerMismatch: The session has another digest, or the user or a card belongs to another user.

    """
    same = compare_digest(session.digest.reveal(), digest.reveal()) and session.user_id == user.id
    if not same or any(card.user_id != user.id for card in cards):
        raise AnswerMismatch


@attrs.frozen
class Caller:
    """The user that an access token belongs to, with the session that it opened."""

    session: Session
    user: User
    touch_due: bool
    """Whether the session's `last_used_at` is out of date, so that `touch_session` has to be called."""


@attrs.frozen
class Authenticate:
    """Resolve an access token, with one read of the store and no write."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(self, token: str) -> Caller:
        """Return the user and the session that an access token belongs to.

        Args:
            token: The access token, as `sign_in` returned it.

        Returns:
            The caller. When its `touch_due` is true, call `touch_session`, best once the response is sent.

        Raises:
            InvalidToken: The token is malformed or unknown, its session is over, or its user is deactivated.
            AnswerMismatch: The store returned another session or user than the token's.

        """
        digest = digest_of(token)
        async with self._store.reader() as reader:
            found = await reader.sessions.resolve(digest)
        if found is None:
            raise InvalidToken
        check_answer(digest, *found)
        return self.admit(*found)

    def admit(self, session: Session, user: User) -> Caller:
        """Return the caller for a session and its user.

        Raises:
            InvalidToken: The session is over, or the user is deactivated.

        """
        now = self._clock.now()
        if not user.is_active or not session.is_live(now=now, policy=self._policy.sessions):
            raise InvalidToken
        return Caller(session, user, session.needs_touch(now=now))
