"""Port: tokens sent by mail, known by their digests.

Called by the mailer, by use cases that accept such a token, and when a password or an address changes. Expired tokens
are returned, too: callers check.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.paging import Cursor
from accounts_core.model.secret_values import TokenDigest


class MailTokenReader(Protocol):
    """Reads of mail tokens."""

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[MailToken]:
        """Return tokens of a user, expired or not, the newest first (ties by digest, descending).

        Args:
            user_id: The user; an unknown one has no tokens.
            limit: The most tokens to return.
            before: Only tokens below this position, whether or not there is a token at it.

        Returns:
            The tokens.

        """
        ...


class MailTokens(MailTokenReader, Protocol):
    """The mail tokens in one transaction."""

    async def add(self, token: MailToken) -> None:
        """Add a token.

        Raises:
            Conflict: Here or at commit: the digest is taken, or the user is gone.

        """
        ...

    async def find(self, digest: TokenDigest) -> MailToken | None:
        """Return the token with this SHA-256 digest, expired or not, or None."""
        ...

    async def delete_for_user(self, user_id: UserId, purpose: MailTokenPurpose | None = None) -> None:
        """Delete the user's tokens of one purpose, or all of them if `purpose` is None."""
        ...

    async def delete_created_after(self, moment: datetime) -> int:
        """Delete every token that was created later than `moment`, and return how many there were."""
        ...
