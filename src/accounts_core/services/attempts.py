"""How often things may be tried, by whom, and against whom.

What is tried is counted before anything is looked up, hashed or sent, so that many tries at once get no further than
many in a row, and an address that nobody has is limited like any other. A success ends the row of an account's
failures and nothing else: whoever guesses at a thousand accounts is not forgiven for knowing one.
"""

from collections.abc import Mapping

import attrs

from accounts_core.errors import LimitExceeded, TooManyFailures
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
    """Counts attempts; without `limits` it lets everything through. Every method raises `LimitExceeded`.

    `client` is the address that a call comes from, where it is known.
    """

    _limits: Limits | None
    _clock: Clock
    _policy: Policy

    @property
    def are_counted(self) -> bool:
        return self._limits is not None

    async def sign_in(self, email: Email, client: str | None) -> None:
        """Count a password given for the account with this address."""
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def proof(self, email: Email) -> None:
        """Count a present password given by somebody who is signed in: a stolen token is no place to guess from."""
        scopes = self._scopes(SIGN_IN, {ACCOUNT: email.key})
        scopes[f"{FAILURES}:{email.key}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def succeeded(self, email: Email) -> None:
        """End the row of failures of this account."""
        if self._limits is not None:
            await self._limits.forget(SIGN_IN, f"{FAILURES}:{email.key}")

    async def sign_up_password(self, sign_up_id: str, email: Email, client: str | None) -> None:
        """Count a password given together with the link of a sign-up, where no account has its address.

        Wrong passwords for the address, from before there is an account, must not keep the link from opening it.
        """
        scopes = self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""})
        scopes[f"{SIGN_UP_FAILURES}:{sign_up_id}"] = MOST_FAILURES
        await self._spend(SIGN_IN, scopes)

    async def clear_address(self, email: Email) -> None:
        """Forget the passwords that were tried for this address.

        Only for an address that no account has, or had until now, so that nobody is given more guesses at a password;
        and for operators.
        """
        if self._limits is not None:
            for scope in (FAILURES, ACCOUNT):
                await self._limits.forget(SIGN_IN, f"{scope}:{email.key}")

    async def clear_free_address(self, store: Store[UnitOfWork], email: Email) -> None:
        """Forget the passwords that were tried for this address, unless an account has it.

        Call it right before an account is given the address, and outside its unit of work: attempts are counted on
        connections of their own.
        """
        if self._limits is None:
            return
        async with store.read() as views:
            holder = await views.users.find_by_email(email)
        if holder is None:
            await self.clear_address(email)

    async def sign_up(self, client: str | None) -> None:
        await self._spend(SIGN_UP, self._scopes(SIGN_UP, {CLIENT: client, ALL: ""}))

    async def repeated_sign_up(self, email: Email, client: str | None) -> None:
        """Count a sign-up that is repeated under its key: a password is compared, and nobody's failures are ended."""
        await self._spend(SIGN_IN, self._scopes(SIGN_IN, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def recovery(self, email: Email, client: str | None) -> None:
        """Count a mail with a token that is asked for."""
        await self._spend(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ACCOUNT: email.key, ALL: ""}))

    async def mailed_token(self, client: str | None) -> None:
        """Count a token from a mail that is tried."""
        await self._spend(RECOVERY, self._scopes(RECOVERY, {CLIENT: client, ALL: ""}))

    async def mail(self, to: Email) -> None:
        """Count a mail to an address that a stranger may have typed, whatever causes it."""
        await self._spend(MAIL, self._scopes(MAIL, {RECIPIENT: to.key, RECIPIENT_DAY: to.key}))

    async def may_mail(self, to: Email) -> bool:
        """Count a mail as `mail` does; return False, with nothing raised, when the address gets none at the moment."""
        try:
            await self.mail(to)
        except LimitExceeded:
            return False
        return True

    async def invitation(self, user_id: UserId) -> None:
        await self._of_user(INVITE, user_id)

    async def verification(self, user_id: UserId, client: str | None) -> None:
        """Count a card that is to be verified."""
        await self._spend(VERIFY_CARD, self._scopes(VERIFY_CARD, {USER: str(user_id), CLIENT: client}))

    async def card(self, fingerprint: str | None) -> None:
        """Count a verification of this physical card, whoever asks for it."""
        await self._spend(VERIFY_CARD, self._scopes(VERIFY_CARD, {CARD: fingerprint}))

    async def password_change(self, user_id: UserId, client: str | None) -> None:
        """Count a new password, before it is hashed."""
        await self._spend(PASSWORD_CHANGE, self._scopes(PASSWORD_CHANGE, {CLIENT: client, USER: str(user_id)}))

    async def interaction(self, user_id: UserId) -> None:
        await self._of_user(INTERACTION, user_id)

    async def export(self, user_id: UserId) -> None:
        await self._of_user(EXPORT, user_id)

    async def write(self, user_id: UserId) -> None:
        """Count a call that changes something and has no limit of its own.

        What ends access, such as signing out, is not counted: whoever has a stolen token must not be able to use the
        limit up and so keep the owner from ending it.
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
