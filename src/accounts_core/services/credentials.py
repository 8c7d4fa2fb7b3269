"""Password checks, shared by signing in, restoring an account and reauthentication."""

import attrs

from accounts_core.errors import Conflict, InvalidCredentials, NotFound, WrongPassword
from accounts_core.model.card_numbers import refuse_card_number
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.requester import Requester
from accounts_core.model.user import User
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class Credentials:
    """Checks an email address and a password."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _policy: Policy

    async def prove(self, email: EmailAddress, password: Password, client: str | None = None) -> User:
        """Return the user whose email address and password these are, active or not.

        An unknown address costs the same hashing as a wrong password. With `Policy.private_registration`, so does an
        address that was never verified. The hashing is attributed to the address and `client` either way.

        Raises:
            InvalidCredentials: The address is unknown, the password is wrong, or the address is unverified as above.

        """
        requester = Requester.of(email, client)
        async with self._store.reader() as reader:
            user = await reader.users.find_by_email(email)
        stored = None if user is None else user.password_hash
        right = await self._passwords.verify(stored, password, requester=requester)
        if not right or user is None or (self._policy.private_registration and user.verified_email is None):
            raise InvalidCredentials
        return user

    async def lock(self, work: UnitOfWork, proven: User) -> User:
        """Lock the user whose password was checked outside of this unit of work, and return the user as they are now.

        Raises:
            Conflict: The password or the status changed since, so a session would be opened on outdated facts.
            InvalidCredentials: The user is gone.

        """
        try:
            user = await work.users.get(proven.id, lock=True)
        except NotFound:
            raise InvalidCredentials from None
        if (user.password_hash, user.status) != (proven.password_hash, proven.status):
            raise Conflict("The account changed while the password was checked.")
        return user

    async def rehashed(self, user: User, password: Password, client: str | None = None) -> User:
        """Return the user with the password hashed anew if its hash has outdated parameters, else unchanged."""
        if not self._passwords.needs_rehash(user.password_hash):
            return user
        requester = Requester.of(user.email, client)
        return user.rehash(await self._passwords.hash(password, requester=requester))


@attrs.frozen
class Reauthentication:
    """Checks the current password of a signed-in user."""

    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy

    async def check(self, user: User, typed: Password, client: str | None = None) -> None:
        """Check the password, and count the attempt.

        Raises:
            WrongPassword: On the password's field.
            RateLimitExceeded: Too many attempts for this account; `TooManyFailures` after too many wrong ones in a row.
            Unavailable: Too many passwords are being hashed.

        """
        await self._rate_limits.consume_reauthentication(user.email)
        requester = Requester.of(user.email, client)
        if not await self._passwords.verify(user.password_hash, typed, requester=requester):
            raise WrongPassword(typed.field)
        await self._rate_limits.reset_failures(user.email)


def email_of(typed: EmailAddress | str) -> EmailAddress:
    """Return an address that is only looked up.

    Raises:
        Invalid: On `email`.

    """
    return typed if isinstance(typed, EmailAddress) else EmailAddress(typed)


def new_email_of(typed: EmailAddress | str) -> EmailAddress:
    """Return an address that is going to be stored.

    A card number in it is refused here only, because stored addresses may be older than this rule.

    Raises:
        Invalid: On `email`: not an email address, or it holds a card number.

    """
    email = email_of(typed)
    refuse_card_number("email", email.address)
    return email
