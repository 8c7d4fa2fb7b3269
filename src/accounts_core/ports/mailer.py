"""Port: delivery of mails.

Called by the worker only. The adapter has the templates; a message may be delivered twice.
"""

from collections.abc import Mapping
from typing import Protocol

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.mail_kind import MailKind

__all__ = ["MailKind", "MailMessage", "Mailer"]


@attrs.frozen(kw_only=True)
class MailMessage:
    """A mail to a person."""

    id: str
    """Stable over retries, so that a mail server can detect duplicates."""
    to: EmailAddress
    """The address to deliver to."""
    kind: MailKind
    """Determines the template and the names in `values`."""
    values: Mapping[str, str] = attrs.field(repr=False)
    """The values that `MailKind` lists; a secret token may be among them."""
    user: UserId | None = None
    """The user that the mail is for. None if there is none: for an invitation or a sign-up, whose address nobody has
    verified, and for a user who was deleted meanwhile."""
    locale: str | None = None
    """The language of the mail, a BCP 47 tag such as `de-AT`; None for the product's default.

    It is the user's when the mail is sent. Without a user it is that of the sign-up or of the person who invites."""
    time_zone: str | None = None
    """The IANA time zone of times in the mail, such as `Europe/Vienna`, from where `locale` is; None for UTC."""


class Mailer(Protocol):
    """Delivers mails."""

    async def deliver(self, message: MailMessage) -> None:
        """Deliver a message, or hand it over to a service that will.

        Args:
            message: The message; the same one may come again after a crash.

        Raises:
            Unavailable: It was not handed over, for a reason other than the recipient: the service cannot be reached,
                refuses the login, or refuses the message. It is retried.
            Undeliverable: It never will be, because of the recipient, such as a mailbox that does not exist. It is not
                retried.

        """
        ...
