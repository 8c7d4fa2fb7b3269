import attrs

from accounts_core.model.email import Email
from accounts_core.model.events import UserRestored
from accounts_core.model.passwords import Password
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.credentials import Credentials, email_of
from accounts_core.services.retry import settle
from accounts_core.services.session_opener import SessionOpener, SignedIn


@attrs.frozen
class Restore:
    """Bring a deactivated account back, through the sign-in door."""

    _store: Store[UnitOfWork]
    _credentials: Credentials
    _sessions: SessionOpener
    _attempts: Attempts
    _clock: Clock

    async def __call__(
        self, *, email: Email | str, password: str, user_agent: str | None = None, client: str | None = None
    ) -> SignedIn:
        """Make the account active as it was, and sign in; on an active account it is a plain sign-in.

        `client` is the address that the call comes from. Raises `InvalidCredentials` and `LimitExceeded`.
        """
        address, given = email_of(email), Password(password)
        await self._attempts.sign_in(address, client)

        async def attempt() -> SignedIn:
            proven = await self._credentials.prove(address, given, client)
            rehashed = await self._credentials.rehashed(proven, given, client)
            async with self._store.begin() as work:
                user = await self._credentials.lock(work, proven)
                now = self._clock.now()
                changed = user.restore(at=now).rehash(rehashed.password_hash)
                if changed != user:
                    if not user.is_active:
                        work.record(UserRestored(user_id=user.id, at=now, tell=user.proven_email))
                    user = await work.users.save(changed)
                return await self._sessions.open(work, user, user_agent=user_agent, client=client)

        signed_in = await settle(self._store, attempt)
        await self._attempts.succeeded(address)
        return signed_in
