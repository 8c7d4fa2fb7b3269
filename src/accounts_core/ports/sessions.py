from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import Cards
from accounts_core.model.session import Session
from accounts_core.model.user import User


class SessionReads(Protocol):
    """Reading sessions. These are the hot path: each is one statement and one round trip.

    What is returned has the digest or the user that was asked for, as `Views` says.
    """

    async def resolve(self, digest: bytes) -> tuple[Session, User] | None:
        """Return the session with this token digest and its user, or None. Expired sessions are returned too."""
        ...

    async def resolve_with_cards(self, digest: bytes) -> tuple[Session, User, Cards] | None:
        """Return what `resolve` does, and the user's payment methods."""
        ...

    async def list_of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Session]:
        """Return at most `limit` sessions of the user, the newest sign-in first (ties by id, descending).

        Expired ones are included. After a `Cursor` come those below it, whether or not there is a session at it.
        """
        ...

    async def find(self, id: str) -> Session | None:
        """Return the session, whoever's it is, expired or not, or None."""
        ...


class Sessions(SessionReads, Protocol):
    """The sessions of one transaction."""

    async def add(self, session: Session) -> None:
        """Add a session. Raises `Conflict`, here or at commit, when its user is gone."""
        ...

    async def touch(self, id: str, *, at: datetime) -> None:
        """Set `last_used_at` to `at` unless it is later already; a session that is gone is left alone.

        A last use that lies ahead of `at` by more than `CLOCK_SKEW` is set back.
        """
        ...

    async def remove(self, id: str) -> None:
        """End a session; one that is gone is ended already."""
        ...

    async def remove_of(self, user_id: UserId, *, keep: str | None = None) -> int:
        """End every session of a user but the one with the id `keep`; return how many there were."""
        ...

    async def remove_oldest_of(self, user_id: UserId, *, keep: int) -> None:
        """End all but the `keep` newest sign-ins of a user."""
        ...

    async def bring_back(
        self, *, after: datetime, created_at: datetime, used_at: datetime, expires_at: datetime
    ) -> int:
        """Give every session that was created later than `after` these times; return how many there were.

        A clock that was ahead wrote theirs: they would live too long, and seem to be fresh sign-ins some day.
        """
        ...

    async def count_of(self, user_id: UserId) -> int:
        """Count the sessions that `remove_of` would end, expired ones included."""
        ...
