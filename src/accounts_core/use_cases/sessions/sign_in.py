"""Sign in with email address and password.

An attempt is counted before anything is looked up (ASVS 5.0, 6.3.1), and an unknown address takes as long as a wrong
password (6.3.8). A user with the highest number of sessions that the policy allows loses the oldest (7.1.2).
"""

from typing import Generic

import attrs

from accounts_core.errors import AccountDeactivated
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.model.profile_data import D
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import Credentials, email_of
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.session_opener import SessionOpener, SignInResult


@attrs.frozen
class SignIn(Generic[D]):
    """Open a session with email address and password."""

    _store: Store[UnitOfWork]
    _credentials: Credentials
    _sessions: SessionOpener[D]
    _rate_limits: RateLimitPolicy

    async def __call__(
        self, *, email: EmailAddress | str, password: str, user_agent: str | None = None, client: str | None = None
    ) -> SignInResult[D]:
        """Sign a user in and return a new access token.

        The token is in the result and nowhere else: the store has its digest only. A sign-in from a new device is
        reported by mail if the address is verified. A password hash with outdated parameters is replaced.

        Args:
            email: The address of the account, compared without regard to case; at most 254 characters.
            password: The password, at most 1,024 bytes of UTF-8.
            user_agent: The client's `User-Agent`, by which people recognise a session. Unprintable characters are
                removed, and it is cut to 255 characters; with a card number in it, it is not stored. None if there is
                none.
            client: The IP address of the client, for rate limits and the audit trail; None if it is not known.

        Returns:
            The access token, its session and the user.

        Raises:
            InvalidCredentials: No account has this address and password; or its address is not verified, while
                `Policy.private_registration` is on.
            AccountDeactivated: The password is right, but the account is deactivated; `restore` signs in to it.
            Invalid: On `email`, which is no address; on `password`, which is too long or has characters that no
                password can have; or on `value`, if `client` has characters that cannot be stored.
            RateLimitExceeded: Too many attempts from this client, for this account or in total (`sign-in`).
            TooManyFailures: Too many wrong passwords in a row were tried for this account.

        """
        address, given = email_of(email), Password(password)
        await self._rate_limits.consume_sign_in(address, client)

        async def attempt() -> SignInResult[D]:
            proven = await self._credentials.prove(address, given, client)
            if not proven.is_active:
                raise AccountDeactivated
            rehashed = await self._credentials.rehashed(proven, given, client)
            async with self._store.begin() as work:
                user = await self._credentials.lock(work, proven)
                if rehashed.password_hash != user.password_hash:
                    user = await work.users.save(user.rehash(rehashed.password_hash))
                return await self._sessions.open(work, user, user_agent=user_agent, client=client)

        signed_in = await retry_on_conflict(self._store, attempt)
        await self._rate_limits.reset_failures(address)
        return signed_in
