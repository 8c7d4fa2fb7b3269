"""Restore a deactivated account with its email address and password, under the same checks as a sign-in."""

from typing import Generic

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import UserRestored
from accounts_core.model.passwords import Password
from accounts_core.model.profile_data import D
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import Credentials, email_of
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.session_opener import SessionOpener, SignInResult


@attrs.frozen
class Restore(Generic[D]):
    """Restore a deactivated account with its password."""

    _store: Store[UnitOfWork]
    _credentials: Credentials
    _sessions: SessionOpener[D]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(
        self, *, email: EmailAddress | str, password: str, user_agent: str | None = None, client: str | None = None
    ) -> SignInResult[D]:
        """Make a deactivated account active again, as it was before, and sign in to it.

        For an active account it is a sign-in. The user is notified by mail if the address is verified.

        Args:
            email: The address of the account, compared without regard to case; at most 254 characters.
            password: The password, at most 1,024 bytes of UTF-8.
            user_agent: The client's `User-Agent`, by which people recognise a session, as for `sign_in`.
            client: The IP address of the client, for rate limits and the audit trail; None if it is not known.

        Returns:
            The access token, which the store does not have, its session and the user.

        Raises:
            InvalidCredentials: No account has this address and password; or its address is not verified, while
                `Policy.private_registration` is on.
            Invalid: On `email`, which is no address; on `password`, which is too long or has characters that no
                password can have; or on `value`, if `client` has characters that cannot be stored.
            RateLimitExceeded: Too many attempts from this client, for this account or in total (`sign-in`).
            TooManyFailures: Too many wrong passwords in a row were tried for this account.

        """
        address, given = email_of(email), Password(password)
        await self._rate_limits.consume_sign_in(address, client)

        async def attempt() -> SignInResult[D]:
            proven = await self._credentials.prove(address, given, client)
            rehashed = await self._credentials.rehashed(proven, given, client)
            async with self._store.begin() as work:
                user = await self._credentials.lock(work, proven)
                now = self._clock.now()
                changed = user.restore(at=now).rehash(rehashed.password_hash)
                if changed != user:
                    if not user.is_active:
                        work.record(UserRestored(user_id=user.id, at=now, tell=user.verified_email))
                    user = await work.users.save(changed)
                return await self._sessions.open(work, user, user_agent=user_agent, client=client)

        signed_in = await retry_on_conflict(self._store, attempt)
        await self._rate_limits.reset_failures(address)
        return signed_in
