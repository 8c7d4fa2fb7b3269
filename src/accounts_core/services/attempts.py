"""Rate limits: which scopes each kind of attempt is counted in.

An attempt is counted before anything is looked up, hashed or sent. So parallel attempts get no further than sequential
ones, and an address without an account is limited like any other. A success resets the account's consecutive failures
only: a client that guesses at a thousand accounts is not forgiven for knowing one of them.
"""

from collections.abc import Mapping
from contextlib import suppress

import attrs

from accounts_core.errors import InfrastructureError, LimitExceeded, TooManyFailures
from accounts_core.model.email import Email
from accounts_core.model.ids import UserId
from accounts_core.model.limit import (
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
    Limit,
    client_key,
)
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.limits import Limits
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class Attempts:
    """Count attempts for the rate limits.

    Without `limits` everything is allowed. Every method that counts, except `may_mail`, raises `LimitExceeded`;
    `sign_in` and `proof` raise its subclass `TooManyFailures` after too many wrong passwords in a row. `client` is the
    IP address of the caller, None if unknown.
    """

    _limits: Limits | None
    _clock: Clock
    _policy: Policy

    @property
    def are_counted(self) -> bool:
        """Whether there are rate limits at all."""
        return self._limits is not None

    async def sign_in(self, email: Email, client: str | None) -> None:
        """Count a password given to sign in to the account with this address."""
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def proof(self, email: Email) -> None:
        """Count a password given as reauthentication, so that a stolen access token cannot be used to guess it."""
        scopes = self._scopes(SIGN_IN, {ACCOUNT: email.key})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def succeeded(self, email: Email) -> None:
        """Reset the consecutive failures of this account. Nothing is raised if the limits are away.

        By then the session may be open or the password changed, and an error would say that nothing was done.
        """
        if self._limits is not None:
            with suppress(InfrastructureError):
                await self._limits.forget(SIGN_IN, f"{FAILURES}:{email.key}")

    async def sign_up_password(self, sign_up_id: str, email: Email, client: str | None) -> None:
        """Count a password given with the link of a sign-up whose address has no account.

        Failures are counted for the sign-up, not for the address: wrong passwords from before must not block the link.
        """
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{SIGN_UP_FAILURES}:{sign_up_id}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def clear_address(self, email: Email) -> None:
        """Reset the passwords counted for this address.

        Call it only for an address that no account has or had until now, so that nobody gets more guesses at a
        password, and for operators.
        """
        if self._limits is not None:
            for scope in (FAILURES, ACCOUNT):
                await self._limits.forget(SIGN_IN, f"{scope}:{email.key}")

    async def clear_free_address(self, store: Store[UnitOfWork], email: Email) -> None:
        """Reset the passwords counted for this address, unless an account has it.

        Call it right before an account gets the address and outside of its unit of work: attempts are counted on
        separate connections.
        """
        if self._limits is None:
            return
        async with store.read() as views:
            holder = await views.users.find_by_email(email)
        if holder is None:
            await self.clear_address(email)

    async def sign_up(self, client: str | None) -> None:
        """Count a sign-up."""
        await self._spend(SIGN_UP, self._scopes(SIGN_UP, {CLIENT: client, ALL: ""}))

    async def repeated_sign_up(self, email: Email, client: str | None) -> None:
        """Count a sign-up that repeats an idempotency key: it compares a password, but resets no failures."""
        await self._spend(SIGN_IN, self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def recovery(self, email: Email, client: str | None) -> None:
        """Count a request for a mail with a token."""
        await self._spend(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def mailed_token(self, client: str | None) -> None:
        """Count the use of a token from a mail."""
        await self._spend(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ALL: ""}))

    async def mail(self, to: Email) -> None:
        """Count a mail to an address that somebody else may have typed, whatever causes it."""
        await self._spend(MAIL, self._scopes(MAIL, {RECIPIENT: to.key, RECIPIENT_DAY: to.key}))

    async def may_mail(self, to: Email) -> bool:
        """Count a mail as `mail` does, and return whether it may be sent instead of raising."""
        try:
            await self.mail(to)
        except LimitExceeded:
            return False
        return True

    async def invitation(self, user_id: UserId) -> None:
        """Count an invitation that a user sends."""
        await self._of_user(INVITE, user_id)

    async def verification(self, user_id: UserId, client: str | None) -> None:
        """Count a card verification of a user."""
        await self._spend(VERIFY_CARD, self._scopes(VERIFY_CARD, {USER: str(user_id), CLIENT: client}))

    async def card(self, fingerprint: str | None) -> None:
        """Count a verification of this physical card, whoever the user is."""
        await self._spend(VERIFY_CARD, self._scopes(VERIFY_CARD, {CARD: fingerprint}))

    async def password_change(self, user_id: UserId, client: str | None) -> None:
        """Count a new password, before it is hashed."""
        await self._spend(PASSWORD_CHANGE, self._scopes(PASSWORD_CHANGE, {CLIENT: client, USER: str(user_id)}))

    async def interaction(self, user_id: UserId) -> None:
        """Count an interaction that a user writes."""
        await self._of_user(INTERACTION, user_id)

    async def export(self, user_id: UserId) -> None:
        """Count an export of a user's data."""
        await self._of_user(EXPORT, user_id)

    async def write(self, user_id: UserId) -> None:
        """Count a change that has no limit of its own.

        Calls that end access, such as signing out, are not counted: with a stolen token somebody could use up the limit
        and so keep the owner from ending the session.
        """
        await self._of_user(WRITE, user_id)

    async def _of_user(self, name: str, user_id: UserId) -> None:
        await self._spend(name, self._scopes(name, {USER: str(user_id)}))

    def _scopes(self, name: str, subjects: Mapping[str, str | None]) -> dict[str, Limit]:
        return {
            f"{scope}:{client_key(subject) if scope == CLIENT else subject}": self._policy.limit(name, scope)
            for scope, subject in subjects.items()
            if subject is not None
        }

    async def _spend(self, name: str, scopes: Mapping[str, Limit]) -> None:
        if self._limits is None or not scopes:
            return
        try:
            await self._limits.spend(name, scopes, now=self._clock.now())
        except LimitExceeded as error:
            if any(scope.startswith(f"{FAILURES}:") for scope in error.full):
                raise TooManyFailures(name, error.retry_after, error.full) from error
            raise
