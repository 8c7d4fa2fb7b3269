"""From a notice to a mail. What a mail says is in `wordings`; how it is put together is here, and the same for all.

Values in a notice come from people who use the product: they are cleaned and encoded for headers, and escaped for HTML.
"""

import html
import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from accounts_core.ports.notifier import Notice
from accounts_smtp import headers
from accounts_smtp.sender import Sender
from accounts_smtp.text import for_header
from accounts_smtp.wordings import WORDINGS, Wording

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SEVEN_BITS: Final = SMTP.clone(cte_type="7bit")


class Mail(bytes):
    """A mail as it is sent, which does not show itself: there may be a token in it."""

    def __repr__(self) -> str:
        return "<mail>"


def compose(notice: Notice, *, sender: Sender, public_url: str, at: datetime) -> "Mail":
    """Return the mail for `notice`, dated `at`, with a text and an HTML part that both lead to a page of the product's.

    `public_url` is where the product is reached. No other address is ever linked: a link made of what a request says
    of itself is how tokens are stolen.

    Its Message-ID follows from the notice's id alone, so that a second delivery is recognised as the same mail. It is
    ASCII, but for an address that is not (RFC 6532). Raises `MailRefused` for an address that no mail can go to.
    """
    wording = WORDINGS[notice.purpose](notice.values)
    link = f"{public_url.rstrip('/')}{wording.page}" if wording.page else public_url
    head = headers.head(
        [
            ("From", headers.mailbox(sender.email, sender.name)),
            ("To", headers.mailbox(notice.to)),
            ("Subject", headers.text(for_header(wording.subject))),
            ("Date", format_datetime(at)),
            ("Message-ID", f"<{plain_id(notice)}@{sender.domain}>"),
            ("Auto-Submitted", "auto-generated"),  # RFC 3834: no holiday replies to this
        ]
    )
    # the parts alone: their headers are this library's constants, and in their contents it parses nothing
    content = EmailMessage(policy=_SEVEN_BITS)
    content.set_content(_text(wording, link))
    content.add_alternative(_html(wording, link), subtype="html")
    return Mail(head + content.as_bytes())


def plain_id(notice: Notice) -> str:
    """Return the notice's id, or where it has other characters than `A-Z a-z 0-9 _ -`, a digest of it."""
    return notice.id if _PLAIN_ID.fullmatch(notice.id) else sha256(notice.id.encode()).hexdigest()


def _text(wording: Wording, link: str) -> str:
    return "\n\n".join((*wording.paragraphs, link, wording.closing)) + "\n"


def _html(wording: Wording, link: str) -> str:
    paragraphs = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in wording.paragraphs)
    target = html.escape(link)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><title>{html.escape(wording.subject)}</title></head>\n<body>\n'
        f'{paragraphs}\n<p><a href="{target}">{target}</a></p>\n<p>{html.escape(wording.closing)}</p>\n'
        "</body>\n</html>\n"
    )
