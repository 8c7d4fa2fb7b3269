"""Resolve an access token, once for each request.

Session and user are read from the store each time (ASVS 5.0, 7.2.1 and 8.3.2), so a token is refused from the moment
at which its session ends or its user is deactivated.
"""

from collections.abc import Iterable
from contextlib import suppress
from hmac import compare_digest
from typing import Any, Generic

import attrs

from accounts_core.errors import AccountsError, AnswerMismatch, InvalidToken
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.policy import Policy
from accounts_core.model.profile_data import D
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.tokens import digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profiles import Profiles
from accounts_core.use_cases.sessions.touch_session import TouchSession


def check_answer(digest: TokenDigest, session: Session, user: User[Any], cards: Iterable[PaymentMethod] = ()) -> None:
    """Check that what the store returned belongs to the token that was looked up.

    A driver or a connection pool may mix answers up, and a mixed-up answer must never sign in another person.

    Raises:
        AnswerMismatch: The session has another digest, or the user or a card belongs to another user.

    """
    same = compare_digest(session.digest.reveal(), digest.reveal()) and session.user_id == user.id
    if not same or any(card.user_id != user.id for card in cards):
        raise AnswerMismatch


@attrs.frozen
class Caller(Generic[D]):
    """The user that an access token belongs to, with the session that it opened."""

    session: Session
    user: User[D]
    touch_due: bool
    """Whether the session's `last_used_at` is out of date, because it was not or could not be recorded."""
    signed_in_recently: bool = False
    """Whether the sign-in is recent enough for a sensitive change (`Policy.reauthentication`)."""


@attrs.frozen
class Authenticate(Generic[D]):
    """Resolve an access token, with one read of the store, and one write at most every `TOUCH_INTERVAL`."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy
    _touch: TouchSession
    _profiles: Profiles[D]

    async def __call__(self, token: str, *, touch: bool = True) -> Caller[D]:
        """Return the user and the session that an access token belongs to.

        That the session is in use is recorded if it was not in the last 5 minutes, so that it does not end for
        inactivity. If this cannot be written, the token is good nevertheless.

        Args:
            token: The access token, as `sign_in` returned it.
            touch: False records nothing. If the caller's `touch_due` is true then, call `touch_session`, for example
                once the response is sent.

        Returns:
            The caller.

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
        return await self.admit(*found, touch=touch)

    async def admit(self, session: Session, found: User[Any], *, touch: bool) -> Caller[D]:
        """Return the caller for a session and its user, and record that the session is in use if that is due.

        Raises:
            InvalidToken: The session is over, or the user is deactivated.

        """
        now = self._clock.now()
        user = self._profiles.bind(found)
        if not user.is_active or not session.is_live(now=now, policy=self._policy.sessions):
            raise InvalidToken
        recent = self._policy.is_recent(session.created_at, now=now)
        if not session.needs_touch(now=now):
            return Caller(session, user, touch_due=False, signed_in_recently=recent)
        if touch:
            with suppress(AccountsError):  # it is recorded by a later call
                await self._touch(session.id)
                return Caller(session.touch(at=now), user, touch_due=False, signed_in_recently=recent)
        return Caller(session, user, touch_due=True, signed_in_recently=recent)
