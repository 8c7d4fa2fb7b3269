from collections.abc import Iterable
from hmac import compare_digest

import attrs

from accounts_core.errors import AnswerMismatch, InvalidToken
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.model.tokens import digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


def check_answer(digest: bytes, session: Session, user: User, cards: Iterable[PaymentMethod] = ()) -> None:
    """Compare what the store found with what it was asked for: a mixed-up answer must never become a person.

    Raises `AnswerMismatch` unless the session has this digest, and user and cards are the session's.
    """
    same = compare_digest(session.digest, digest) and session.user_id == user.id
    if not same or any(card.user_id != user.id for card in cards):
        raise AnswerMismatch


@attrs.frozen
class Caller:
    """Who holds the token. When `touch_due`, call `touch_session` after the answer is out."""

    session: Session
    user: User
    touch_due: bool


@attrs.frozen
class Authenticate:
    """Find out who holds a token: one read of the store, nothing written."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(self, token: str) -> Caller:
        """Return the caller.

        Raises `InvalidToken` for a token that is malformed, unknown or expired, or whose user is deactivated, and
        `AnswerMismatch` when the store answers with another session than the token's.
        """
        digest = digest_of(token)
        async with self._store.read() as views:
            found = await views.sessions.resolve(digest)
        if found is None:
            raise InvalidToken
        check_answer(digest, *found)
        return self.admit(*found)

    def admit(self, session: Session, user: User) -> Caller:
        """Raises `InvalidToken` when the session is over or the user may not come in."""
        now = self._clock.now()
        if not user.is_active or not session.is_live(now=now, policy=self._policy.sessions):
            raise InvalidToken
        return Caller(session, user, session.needs_touch(now=now))
