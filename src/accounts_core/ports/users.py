from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.email import Email
from accounts_core.model.ids import UserId
from accounts_core.model.user import User


class UserReads(Protocol):
    """Reading users."""

    async def find(self, id: UserId) -> User | None:
        """Return the user, or None."""
        ...

    async def find_by_email(self, email: Email) -> User | None:
        """Return the user whose present address identifies as `email`, or None. Pending addresses do not count.

        To find nobody should be as much work as to find somebody: the time of a sign-in tells nobody who is here.
        """
        ...

    async def find_by_customer(self, customer_id: str) -> User | None:
        """Return the user who is billed as this customer of the provider's, or None."""
        ...

    async def list_unverified(
        self, *, created_before: datetime, after: UserId | None = None, limit: int
    ) -> Sequence[User]:
        """Return at most `limit` users who never had a verified address, by id, those after `after`.

        Only those created before `created_before`, without a session and without a customer of the provider's.
        """
        ...

    async def list_billed(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        """Return at most `limit` users who have a customer of the provider's, by id, those after `after`."""
        ...


class Users(UserReads, Protocol):
    """The users of one transaction."""

    async def next_id(self) -> UserId:
        """Return an id that no user has or had, from 1 on. An id handed out in a rolled-back unit may be lost."""
        ...

    async def add(self, user: User) -> None:
        """Add a user.

        Raises, here or when the unit commits, `EmailTaken` when another has this address, and `Conflict` when another
        is billed as this customer.
        """
        ...

    async def get(self, id: UserId, *, lock: bool = False) -> User:
        """Return the user. Raises `NotFound`.

        With `lock`, nobody else changes or locks this user until the unit ends: the other waits, or one of the two
        gets `Conflict`, here or at commit.
        """
        ...

    async def save(self, user: User) -> User:
        """Store a changed user and return it with its new version.

        Raises `Conflict` when it is not the stored version that was changed, or the user is gone; and `EmailTaken` and
        `Conflict` as `add` does.
        """
        ...

    async def remove(self, id: UserId) -> None:
        """Remove a user; a user who is not there is removed already.

        Everything that belongs to the user has to be removed before: what is left raises `Conflict`, here or at commit.
        """
        ...
