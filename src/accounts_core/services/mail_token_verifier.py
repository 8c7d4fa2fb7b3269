"""Tokens sent by mail. Every failure looks the same to the caller, so that a guess learns nothing."""

import attrs

from accounts_core.errors import InvalidMailToken, InvalidToken, NotFound
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.tokens import MAILED, digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class MailTokenVerifier:
    """Finds tokens that users bring back from a mail."""

    _clock: Clock
    _rate_limits: RateLimitPolicy

    async def count(self, client: str | None) -> None:
        """Count the use of a token.

        Raises:
            RateLimitExceeded: Too many tokens were tried from this address, or by everybody together.

        """
        await self._rate_limits.consume_mail_token(client)

    async def find(self, work: UnitOfWork, token: str, purpose: MailTokenPurpose) -> tuple[MailToken, User]:
        """Return a valid token for this purpose and its user, who is locked.

        Raises:
            InvalidMailToken: Malformed, unknown, for another purpose or expired, or its user is gone.

        """
        try:
            found = await work.mail_tokens.find(digest_of(token, prefix=MAILED))
        except InvalidToken:
            found = None
        if found is None or found.purpose is not purpose or not found.is_live(now=self._clock.now()):
            raise InvalidMailToken
        try:
            return found, await work.users.get(found.user_id, lock=True)
        except NotFound:
            raise InvalidMailToken from None
