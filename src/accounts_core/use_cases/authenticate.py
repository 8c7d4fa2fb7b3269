import attrs

from accounts_core.errors import InvalidToken
from accounts_core.model.payment_method import Cards
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.model.tokens import digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


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

        Raises `InvalidToken` for a token that is malformed, unknown or expired, or whose user is deactivated.
        """
        digest = digest_of(token)
        async with self._store.read() as views:
            found = await views.sessions.resolve(digest)
        if found is None:
            raise InvalidToken
        return self.admit(*found)

    def admit(self, session: Session, user: User) -> Caller:
        """Raises `InvalidToken` when the session is over or the user may not come in."""
        now = self._clock.now()
        if not user.is_active or not session.is_live(now=now, policy=self._policy.sessions):
            raise InvalidToken
        return Caller(session, user, session.needs_touch(now=now))


@attrs.frozen
class AuthenticateWithPaymentMethods:
    """Find out who holds a token, and their cards, in one read of the store."""

    _store: Store[UnitOfWork]
    _authenticate: Authenticate

    async def __call__(self, token: str) -> tuple[Caller, Cards]:
        """Return the caller and their cards. Raises `InvalidToken` as `Authenticate` does."""
        digest = digest_of(token)
        async with self._store.read() as views:
            found = await views.sessions.resolve_with_cards(digest)
        if found is None:
            raise InvalidToken
        session, user, cards = found
        return self._authenticate.admit(session, user), cards
