"""Tokens sent by mail: to verify an address, or to choose a new password without the old one.

A token is made when its mail is sent, can be used once, expires soon and is deleted when the password changes. It is
bound to the address that it was mailed to, so it cannot verify another one. The store has only its SHA-256.

A token that was created in the future is not accepted: a wrong clock wrote that time, so its age is unknown.
"""

from datetime import datetime
from enum import StrEnum

import attrs

from .email_address import EmailAddress
from .ids import UserId
from .secret_values import TokenDigest
from .times import is_ahead


class MailTokenPurpose(StrEnum):
    """The purpose of a token; it is accepted for no other one."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a purpose, no secret


@attrs.frozen(kw_only=True)
class MailToken:
    """A token that was mailed to `email`; `digest` is the SHA-256 of it."""

    digest: TokenDigest = attrs.field(repr=False)
    user_id: UserId
    purpose: MailTokenPurpose
    email: EmailAddress
    created_at: datetime
    expires_at: datetime

    def is_live(self, *, now: datetime) -> bool:
        """Return whether the token may be used: not created in the future, and not expired."""
        return not is_ahead(self.created_at, now=now) and now < self.expires_at
