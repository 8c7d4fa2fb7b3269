"""Port: users.

Called by most use cases and services. An address, compared by `EmailAddress.key`, and a provider's customer belong to
one user at most; `User.version` detects concurrent changes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.user import User


class UserReader(Protocol):
    """Reads of users."""

    async def find(self, id: UserId) -> User | None:
        """Return the user with this id, or None."""
        ...

    async def find_by_email(self, email: EmailAddress) -> User | None:
        """Return the user whose current address has the same `EmailAddress.key`, or None.

        Pending addresses are ignored.

        The lookup should take the same time whether or not there is a user, so that response times do not reveal which
        addresses have accounts.
        """
        ...

    async def find_by_customer(self, customer_id: str) -> User | None:
        """Return the user who is linked to this customer of the provider, or None."""
        ...

    async def list_unverified(
        self, *, created_before: datetime, after: UserId | None = None, limit: int
    ) -> Sequence[User]:
        """Return users who never had a verified address, by id, ascending.

        Users with a session or a provider's customer are left out.

        Args:
            created_before: Only users created before this time.
            after: Only users with a higher id; None for the first ones.
            limit: The most users to return.

        Returns:
            The users.

        """
        ...

    async def list_with_customer(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        """Return at most `limit` users who are linked to a customer, by id, ascending, with an id above `after`."""
        ...


class Users(UserReader, Protocol):
    """The users in one transaction."""

    async def next_id(self) -> UserId:
        """Return an id, from 1 on, that no user has or had. An id whose unit of work is rolled back may stay unused."""
        ...

    async def add(self, user: User) -> None:
        """Add a user.

        Raises:
            EmailTaken: Here or at commit: another user has the address.
            Conflict: Here or at commit: another user is linked to the customer.

        """
        ...

    async def get(self, id: UserId, *, lock: bool = False) -> User:
        """Return the user.

        With `lock`, no other unit of work changes or locks this user until this one ends: it waits, or one of the two
        gets `Conflict`.

        Raises:
            NotFound: No such user.
            Conflict: With `lock`, here or at commit: another unit of work had the user locked.

        """
        ...

    async def save(self, user: User) -> User:
        """Store a changed user.

        Returns:
            The user with the new version.

        Raises:
            Conflict: The user was changed since it was read, or is gone; or, here or at commit, another user is linked
                to the customer.
            EmailTaken: Here or at commit: another user has the address.

        """
        ...

    async def delete(self, id: UserId) -> None:
        """Delete a user; one that is gone is skipped. Everything that belongs to the user has to be deleted before.

        Raises:
            Conflict: Here or at commit: something that belongs to the user is left.

        """
        ...
