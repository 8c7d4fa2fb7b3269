"""Reset a forgotten password with a link from a mail (ASVS 5.0, 6.4.3 and 6.5.5).

The token works once, for ten minutes by default, and not after any other change of the password.
"""

from typing import Generic

import attrs

from accounts_core.errors import Conflict
from accounts_core.model.events import Actor, PasswordChanged
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.profile_data import D
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.email_verifier import EmailVerifier
from accounts_core.services.mail_token_verifier import MailTokenVerifier
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class ResetPassword(Generic[D]):
    """Set a new password with the token from a mail."""

    _store: Store[UnitOfWork]
    _tokens: MailTokenVerifier
    _verifier: EmailVerifier
    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy
    _profiles: Profiles[D]

    async def __call__(self, *, token: str, password: str, client: str | None = None) -> User[D]:
        """Set a new password, end every session and void every mailed token of the user.

        The mail proves the address that it went to: if that is the present address, it is verified from now on. The
        count of wrong passwords in a row starts again. A deactivated account stays deactivated, and no session is
        opened.

        Args:
            token: The token from the link that `forgot_password` had mailed.
            password: The new password: at most 1,024 bytes of UTF-8, by default at least 15 characters
                (`Policy.passwords`), not a common one, and not the name, the address or a word of the product.
            client: The IP address of the client, for rate limits; None if it is not known.

        Returns:
            The user.

        Raises:
            InvalidMailToken: The token is malformed, unknown, used, expired or void.
            Invalid: On `password`, which cannot be chosen; the token can be used again.
            RateLimitExceeded: Too many tokens were tried from this client or in total (`recovery`).

        """
        await self._tokens.count(client)
        chosen = Password(password)

        async def attempt() -> User:
            async with self._store.begin() as work:
                _, user = await self._tokens.find(work, token, MailTokenPurpose.RESET_PASSWORD)
            self._policy.passwords.check(chosen, *user.known_by)
            password_hash = await self._passwords.hash(chosen, requester=Requester.of(user.email, client))
            async with self._store.begin() as work:
                found, current = await self._tokens.find(work, token, MailTokenPurpose.RESET_PASSWORD)
                if current.version != user.version:
                    raise Conflict("The user changed while the password was hashed.")
                return await self._change(work, found, current, password_hash)

        changed = await retry_on_conflict(self._store, attempt)
        await self._rate_limits.reset_failures(changed.email)
        return self._profiles.bind(changed)

    async def _change(self, work: UnitOfWork, token: MailToken, user: User, password_hash: PasswordHash) -> User:
        now = self._clock.now()
        changed = user.change_password(password_hash, at=now)
        # a pending address, or another spelling of the present one, may be another mailbox than the mail went to
        waiting = user.unverified_email
        if waiting is not None and user.pending_email is None and token.email.is_same_mailbox(waiting):
            changed = changed.verify_email(at=now)
        saved = await work.users.save(changed)
        await work.sessions.delete_for_user(user.id)
        await work.mail_tokens.delete_for_user(user.id)
        work.record(PasswordChanged(user_id=user.id, at=now, tell=changed.verified_email, is_reset=True))
        if saved.email_verified_at != user.email_verified_at:
            await self._verifier.follow(work, saved, by=Actor.USER)
        return saved
