from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, TokenPurpose
from accounts_core.model.paging import Cursor


class MailTokenReads(Protocol):
    """Reading mailed tokens."""

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[MailToken]:
        """Return at most `limit` tokens of the user, expired or not, newest first (ties by digest, descending).

        After a `Cursor` come those below it, whether or not there is a token at it.
        """
        ...


class MailTokens(MailTokenReads, Protocol):
    """The mailed tokens of one transaction."""

    async def add(self, token: MailToken) -> None:
        """Add a token. Raises `Conflict`, here or at commit, when its user is gone or the digest is taken."""
        ...

    async def find(self, digest: bytes) -> MailToken | None:
        """Return the token with this digest, expired or not, or None."""
        ...

    async def remove_of(self, user_id: UserId, purpose: TokenPurpose | None = None) -> None:
        """Remove the user's tokens, of one purpose or, for None, of all."""
        ...

    async def forget_after(self, moment: datetime) -> int:
        """Remove every token that was created later than `moment`; return how many there were."""
        ...
