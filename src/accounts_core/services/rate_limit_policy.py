"""Rate limits: which scopes each kind of attempt is counted in.

An attempt is counted before anything is looked up, hashed or sent. So parallel attempts get no further than sequential
ones, and an address without an account is limited like any other. A success resets the account's consecutive failures
only: a client that guesses at a thousand accounts is not forgiven for knowing one of them.
"""

from collections.abc import Mapping
from contextlib import suppress

import attrs

from accounts_core.errors import InfrastructureError, RateLimitExceeded, TooManyFailures
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import (
    ACCOUNT,
    ALL,
    CARD,
    CLIENT,
    EXPORT,
    FAILURES,
    INTERACTION,
    INVITE,
    MAIL,
    MOST_FAILURES,
    PASSWORD_CHANGE,
    RECIPIENT,
    RECIPIENT_DAY,
    RECOVERY,
    SIGN_IN,
    SIGN_UP,
    SIGN_UP_FAILURES,
    USER,
    VERIFY_CARD,
    WRITE,
    RateLimit,
    client_key,
)
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class RateLimitPolicy:
    """Count attempts for the rate limits.

    Without `limits` everything is allowed. Every method that counts, except `try_consume_mail`, raises
    `RateLimitExceeded`; `consume_sign_in` and `consume_reauthentication` raise its subclass `TooManyFailures` after too
    many wrong passwords in a row. `client` is the IP address of the caller, None if unknown.
    """

    _limits: RateLimiter | None
    _clock: Clock
    _policy: Policy

    @property
    def is_enabled(self) -> bool:
        """Whether there are rate limits at all."""
        return self._limits is not None

    async def consume_sign_in(self, email: EmailAddress, client: str | None) -> None:
        """Count a password given to sign in to the account with this address."""
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._consume(SIGN_IN, scopes)

    async def consume_reauthentication(self, email: EmailAddress) -> None:
        """Count a password given as reauthentication, so that a stolen access token cannot be used to guess it."""
        scopes = self._scopes(SIGN_IN, {ACCOUNT: email.key})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._consume(SIGN_IN, scopes)

    async def reset_failures(self, email: EmailAddress) -> None:
        """Reset the consecutive failures of this account. Nothing is raised if the limits are away.

        By then the session may be open or the password changed, and an error would say that nothing was done.
        """
        if self._limits is not None:
            with suppress(InfrastructureError):
                await self._limits.reset(SIGN_IN, f"{FAILURES}:{email.key}")

    async def consume_sign_up_password(self, sign_up_id: str, email: EmailAddress, client: str | None) -> None:
        """Count a password given with the link of a sign-up whose address has no account.

        Failures are counted for the sign-up, not for the address: wrong passwords from before must not block the link.
        """
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{SIGN_UP_FAILURES}:{sign_up_id}"] = MOST_FAILURES
        await self._consume(SIGN_IN, scopes)

    async def reset_address(self, email: EmailAddress) -> None:
        """Reset the passwords counted for this address.

        Call it only for an address that no account has or had until now, so that nobody gets more guesses at a
        password, and for operators.
        """
        if self._limits is not None:
            for scope in (FAILURES, ACCOUNT):
                await self._limits.reset(SIGN_IN, f"{scope}:{email.key}")

    async def reset_free_address(self, store: Store[UnitOfWork], email: EmailAddress) -> None:
        """Reset the passwords counted for this address, unless an account has it.

        Call it right before an account gets the address and outside of its unit of work: attempts are counted on
        separate connections.
        """
        if self._limits is None:
            return
        async with store.reader() as reader:
            holder = await reader.users.find_by_email(email)
        if holder is None:
            await self.reset_address(email)

    async def consume_sign_up(self, client: str | None) -> None:
        """Count a sign-up."""
        await self._consume(SIGN_UP, self._scopes(SIGN_UP, {CLIENT: client, ALL: ""}))

    async def consume_repeated_sign_up(self, email: EmailAddress, client: str | None) -> None:
        """Count a sign-up that repeats an idempotency key: it compares a password, but resets no failures."""
        await self._consume(SIGN_IN, self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def consume_recovery(self, email: EmailAddress, client: str | None) -> None:
        """Count a request for a mail with a token."""
        await self._consume(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def consume_mail_token(self, client: str | None) -> None:
        """Count the use of a token from a mail."""
        await self._consume(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ALL: ""}))

    async def consume_mail(self, to: EmailAddress) -> None:
        """Count a mail to an address that somebody else may have typed, whatever causes it."""
        await self._consume(MAIL, self._scopes(MAIL, {RECIPIENT: to.key, RECIPIENT_DAY: to.key}))

    async def try_consume_mail(self, to: EmailAddress) -> bool:
        """Count a mail as `consume_mail` does, and return whether it may be sent instead of raising."""
        try:
            await self.consume_mail(to)
        except RateLimitExceeded:
            return False
        return True

    async def consume_invitation(self, user_id: UserId) -> None:
        """Count an invitation that a user sends."""
        await self._of_user(INVITE, user_id)

    async def consume_verification(self, user_id: UserId, client: str | None) -> None:
        """Count a card verification of a user."""
        await self._consume(VERIFY_CARD, self._scopes(VERIFY_CARD, {USER: str(user_id), CLIENT: client}))

    async def consume_card(self, fingerprint: str | None) -> None:
        """Count a verification of this physical card, across all users."""
        await self._consume(VERIFY_CARD, self._scopes(VERIFY_CARD, {CARD: fingerprint}))

    async def consume_password_change(self, user_id: UserId, client: str | None) -> None:
        """Count a new password, before it is hashed."""
        await self._consume(PASSWORD_CHANGE, self._scopes(PASSWORD_CHANGE, {CLIENT: client, USER: str(user_id)}))

    async def consume_interaction(self, user_id: UserId) -> None:
        """Count an interaction that a user writes."""
        await self._of_user(INTERACTION, user_id)

    async def consume_export(self, user_id: UserId) -> None:
        """Count an export of a user's data."""
        await self._of_user(EXPORT, user_id)

    async def consume_write(self, user_id: UserId) -> None:
        """Count a change that has no limit of its own.

        Calls that end access, such as signing out, are not counted: with a stolen token somebody could use up the limit
        and so keep the owner from ending the session.
        """
        await self._of_user(WRITE, user_id)

    async def _of_user(self, name: str, user_id: UserId) -> None:
        await self._consume(name, self._scopes(name, {USER: str(user_id)}))

    def _scopes(self, name: str, subjects: Mapping[str, str | None]) -> dict[str, RateLimit]:
        return {
            f"{scope}:{client_key(subject) if scope == CLIENT else subject}": self._policy.limit(name, scope)
            for scope, subject in subjects.items()
            if subject is not None
        }

    async def _consume(self, name: str, scopes: Mapping[str, RateLimit]) -> None:
        if self._limits is None or not scopes:
            return
        try:
            await self._limits.consume(name, scopes, now=self._clock.now())
        except RateLimitExceeded as error:
            if any(scope.startswith(f"{FAILURES}:") for scope in error.full):
                raise TooManyFailures(name, error.retry_after, error.full) from error
            raise
