"""From a message to a mail. What a mail says is in `templates`; how it is put together is here, and the same for all.

Values in a message come from people who use the product: they are cleaned and encoded for headers, and escaped for
HTML.
"""

import html
import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from accounts_core.ports.mailer import MailMessage
from accounts_smtp import headers
from accounts_smtp.sender import Sender
from accounts_smtp.templates import TEMPLATES, MailTemplate
from accounts_smtp.text import for_header

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SEVEN_BITS: Final = SMTP.clone(cte_type="7bit")


class Mail(bytes):
    """A mail as it is sent, which does not show itself: there may be a token in it."""

    def __repr__(self) -> str:
        return "<mail>"


def compose(message: MailMessage, *, sender: Sender, public_url: str, at: datetime) -> "Mail":
    """Return the mail for a message, with a text and an HTML part that both link to a page of the product.

    The Message-ID follows from the id of the message alone, so that a second delivery is recognised as the same mail.
    The mail is ASCII, except for an address that is not (RFC 6532).

    Args:
        message: The message.
        sender: Whom the mail is from.
        public_url: Where the product is reached. No other address is ever linked: links that are made from the headers
            of a request are a known way to steal tokens.
        at: The date of the mail.

    Raises:
        MailRefused: No mail can be sent to the address.

    """
    template = TEMPLATES[message.kind](message.values)
    link = f"{public_url.rstrip('/')}{template.page}" if template.page else public_url
    head = headers.head(
        [
            ("From", headers.mailbox(sender.email, sender.name)),
            ("To", headers.mailbox(message.to)),
            ("Subject", headers.text(for_header(template.subject))),
            ("Date", format_datetime(at)),
            ("Message-ID", f"<{plain_id(message)}@{sender.domain}>"),
            ("Auto-Submitted", "auto-generated"),  # RFC 3834: no holiday replies to this
        ]
    )
    # the parts alone: their headers are this library's constants, and in their contents it parses nothing
    content = EmailMessage(policy=_SEVEN_BITS)
    content.set_content(_text(template, link))
    content.add_alternative(_html(template, link), subtype="html")
    return Mail(head + content.as_bytes())


def plain_id(message: MailMessage) -> str:
    """Return the message's id, or where it has other characters than `A-Z a-z 0-9 _ -`, a digest of it."""
    return message.id if _PLAIN_ID.fullmatch(message.id) else sha256(message.id.encode()).hexdigest()


def _text(template: MailTemplate, link: str) -> str:
    return "\n\n".join((*template.paragraphs, link, template.closing)) + "\n"


def _html(template: MailTemplate, link: str) -> str:
    paragraphs = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in template.paragraphs)
    target = html.escape(link)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><title>{html.escape(template.subject)}</title></head>\n<body>\n'
        f'{paragraphs}\n<p><a href="{target}">{target}</a></p>\n<p>{html.escape(template.closing)}</p>\n'
        "</body>\n</html>\n"
    )
