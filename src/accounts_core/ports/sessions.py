"""Port: sessions, known by the digests of their tokens.

Called for every authenticated request, by sign-in and sign-out, and when a password or an address changes. Expired
sessions are returned, too: callers check.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.user import User


class SessionReader(Protocol):
    """Reads of sessions.

    `resolve` and `resolve_with_cards` run on every request: each is one statement and one round trip. Every row is
    compared with the digest or user that was asked for, as `Reader` says.
    """

    async def resolve(self, digest: TokenDigest) -> tuple[Session, User] | None:
        """Return the session with this token digest and its user, or None. Expired sessions are returned."""
        ...

    async def resolve_with_cards(self, digest: TokenDigest) -> tuple[Session, User, Cards] | None:
        """Return the session with this token digest, its user and the user's cards, or None, as `resolve` does."""
        ...

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Session]:
        """Return sessions of a user, the latest sign-in first (ties by id, descending).

        Args:
            user_id: The user; an unknown one has no sessions.
            limit: The most sessions to return.
            before: Only sessions below this position, whether or not there is a session at it.

        Returns:
            The sessions, expired or not.

        """
        ...

    async def find(self, id: str) -> Session | None:
        """Return the session with this id, of any user, expired or not, or None."""
        ...


class Sessions(SessionReader, Protocol):
    """The sessions in one transaction."""

    async def add(self, session: Session) -> None:
        """Add a session.

        Raises:
            Conflict: Here or at commit: the digest is taken, or the user is gone.

        """
        ...

    async def touch(self, id: str, *, at: datetime) -> None:
        """Set `last_used_at` to `at` unless it is later; a session that is gone is skipped.

        A last use that lies ahead of `at` by more than `CLOCK_SKEW` is set back.
        """
        ...

    async def delete(self, id: str) -> None:
        """Delete a session; one that is gone is skipped."""
        ...

    async def delete_for_user(self, user_id: UserId, *, keep: str | None = None) -> int:
        """Delete the user's sessions but the one with the id `keep`, and return how many were deleted.

        If `keep` is None or another user's session, all of the user's are deleted.
        """
        ...

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        """Delete all sessions of the user but the `keep` latest sign-ins."""
        ...

    async def correct_times(
        self, *, after: datetime, created_at: datetime, used_at: datetime, expires_at: datetime
    ) -> int:
        """Set the times of sessions that a wrong clock created in the future.

        Otherwise they would live too long, and count as recent sign-ins later.

        Args:
            after: Sessions created later than this are changed.
            created_at: The new time of the sign-in.
            used_at: The new time of the last use.
            expires_at: The new end.

        Returns:
            The number of sessions changed.

        """
        ...

    async def count_for_user(self, user_id: UserId) -> int:
        """Return the number of the user's sessions, expired ones included."""
        ...
