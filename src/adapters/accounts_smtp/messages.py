"""Composition of mails from messages and `templates`.

Values in a message are user input: they are cleaned and encoded for headers, and escaped for HTML.
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
    """Serialized mail. Its `repr` is empty, because the content may include a token."""

    def __repr__(self) -> str:
        return "<mail>"


def compose(message: MailMessage, *, sender: Sender, public_url: str, at: datetime) -> "Mail":
    """Return the mail for a message, with a text and an HTML part that both link to a page of the product.

    The Message-ID is derived from the message id alone, so that a repeated delivery is recognised as a duplicate.
    The mail is ASCII, except for addresses beyond ASCII (RFC 6532).

    Args:
        message: The message.
        sender: Sender of the mail.
        public_url: Base URL of all links. Links built from request headers would let an attacker receive tokens.
        at: Date of the mail.

    Raises:
        MailRefused: The recipient address is invalid.

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
            ("Auto-Submitted", "auto-generated"),  # RFC 3834: suppresses automatic replies
        ]
    )
    # `email` builds the parts only: their headers are constants, and it does not parse their contents
    content = EmailMessage(policy=_SEVEN_BITS)
    content.set_content(_text(template, link))
    content.add_alternative(_html(template, link), subtype="html")
    return Mail(head + content.as_bytes())


def plain_id(message: MailMessage) -> str:
    """Return the message's id, or its digest if it has other characters than `A-Z a-z 0-9 _ -`."""
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
