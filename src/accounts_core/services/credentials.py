"""Proof of who somebody is, and the session that it opens. Shared by signing in and restoring."""

import attrs

from accounts_core.errors import Conflict, InvalidCredentials, NotFound, WrongPassword
from accounts_core.model.card_numbers import refuse_card_number
from accounts_core.model.email import Email
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.requester import Requester
from accounts_core.model.user import User
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts


@attrs.frozen
class Credentials:
    """Checks email and password."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _policy: Policy

    async def prove(self, email: Email, password: Password, client: str | None = None) -> User:
        """Return the user whose email and password these are, whatever the account's status.

        An unknown address costs the same hashing as a wrong password, and where registration is private so does one
        that was never verified. The work is attributed to the address and to `client`, likewise. Raises
        `InvalidCredentials` for each.
        """
        requester = Requester.of(email, client)
        async with self._store.read() as views:
            user = await views.users.find_by_email(email)
        stored = None if user is None else user.password_hash
        right = await self._passwords.verify(stored, password, requester=requester)
        if not right or user is None or (self._policy.private_registration and user.proven_email is None):
            raise InvalidCredentials
        return user

    async def lock(self, work: UnitOfWork, proven: User) -> User:
        """Lock the user who was proven outside this unit, and return them as they are now.

        Raises `Conflict` when the password or the status changed since, so that a session is never opened on what
        was true a moment ago, and `InvalidCredentials` when the user is gone.
        """
        try:
            user = await work.users.get(proven.id, lock=True)
        except NotFound:
            raise InvalidCredentials from None
        if (user.password_hash, user.status) != (proven.password_hash, proven.status):
            raise Conflict("The account changed while the password was checked.")
        return user

    async def rehashed(self, user: User, password: Password, client: str | None = None) -> User:
        """Return `user` with the password under today's parameters, where the stored hash has older ones."""
        if not self._passwords.needs_rehash(user.password_hash):
            return user
        requester = Requester.of(user.email, client)
        return user.rehash(await self._passwords.hash(password, requester=requester))


@attrs.frozen
class Proofs:
    """Checks the present password of somebody who is signed in."""

    _passwords: PasswordHasher
    _attempts: Attempts

    async def check(self, user: User, given: Password, client: str | None = None) -> None:
        """Raises `WrongPassword` on the password's field, and `LimitExceeded`."""
        await self._attempts.proof(user.email)
        requester = Requester.of(user.email, client)
        if not await self._passwords.verify(user.password_hash, given, requester=requester):
            raise WrongPassword(given.field)
        await self._attempts.succeeded(user.email)


def email_of(given: Email | str) -> Email:
    """Return an address that is only looked up, as callers may give it. Raises `Invalid` on `email`."""
    return given if isinstance(given, Email) else Email(given)


def new_email_of(given: Email | str) -> Email:
    """Return an address that is to be kept. Raises `Invalid` on `email`, also for one with a card number in it.

    Accounts from before this rule may have such an address, so it is a rule for new ones alone.
    """
    email = email_of(given)
    refuse_card_number("email", email.address)
    return email
