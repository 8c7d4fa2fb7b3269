import attrs

from accounts_core.errors import AccountDeactivated
from accounts_core.model.email import Email
from accounts_core.model.passwords import Password
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.credentials import Credentials, email_of
from accounts_core.services.retry import settle
from accounts_core.services.session_opener import SessionOpener, SignedIn


@attrs.frozen
class SignIn:
    """Open a session with email and password."""

    _store: Store[UnitOfWork]
    _credentials: Credentials
    _sessions: SessionOpener
    _attempts: Attempts

    async def __call__(
        self, *, email: Email | str, password: str, user_agent: str | None = None, client: str | None = None
    ) -> SignedIn:
        """Open a session; its token is in the answer and nowhere else.

        `client` is the address that the call comes from. Raises `InvalidCredentials`, `LimitExceeded`, and
        `AccountDeactivated` only when the password is right.
        """
        address, given = email_of(email), Password(password)
        await self._attempts.sign_in(address, client)

        async def attempt() -> SignedIn:
            proven = await self._credentials.prove(address, given, client)
            if not proven.is_active:
                raise AccountDeactivated
            rehashed = await self._credentials.rehashed(proven, given, client)
            async with self._store.begin() as work:
                user = await self._credentials.lock(work, proven)
                if rehashed.password_hash != user.password_hash:
                    user = await work.users.save(user.rehash(rehashed.password_hash))
                return await self._sessions.open(work, user, user_agent=user_agent, client=client)

        signed_in = await settle(self._store, attempt)
        await self._attempts.succeeded(address)
        return signed_in
