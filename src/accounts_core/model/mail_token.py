"""Tokens that travel by mail: to prove an address, or to choose a new password without the old one.

A token is made when its mail is sent, works once, lives shortly and dies with any change of the password. It is bound
to the address that it was mailed to, so a mail to one address never proves another. The store keeps only the SHA-256.

A token whose time lies in the future does not work: once the machine's clock was wrong, nobody can say how old it is.
"""

from datetime import datetime
from enum import StrEnum

import attrs

from .email_address import EmailAddress
from .ids import UserId
from .times import is_ahead


class MailTokenPurpose(StrEnum):
    """What a token is good for, and nothing else."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a purpose, no secret


@attrs.frozen(kw_only=True)
class MailToken:
    """A token that was mailed to `email`; `digest` is the SHA-256 of it."""

    digest: bytes = attrs.field(repr=False)
    user_id: UserId
    purpose: MailTokenPurpose
    email: EmailAddress
    created_at: datetime
    expires_at: datetime

    def is_live(self, *, now: datetime) -> bool:
        """Return whether the token may be used: made already, and not expired."""
        return not is_ahead(self.created_at, now=now) and now < self.expires_at
