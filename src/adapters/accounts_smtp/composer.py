"""Composition of mails from messages and templates.

Values in a message are user input: they are variables of templates, never their source. They are cleaned and encoded
for headers, and escaped for HTML.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_smtp import fork_safe, headers
from accounts_smtp.headers import MailRefused
from accounts_smtp.locales import tag_of
from accounts_smtp.mail_templates import MailTemplates
from accounts_smtp.sender import Sender
from accounts_smtp.sources import Logo
from accounts_smtp.text import for_header

if TYPE_CHECKING:
    from accounts_smtp.rendering import Renderer

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SEVEN_BITS: Final = SMTP.clone(cte_type="7bit")

T = TypeVar("T", bound=str)


class Mail(bytes):
    """Serialized mail. Its `repr` is empty, because the content may include a token."""

    def __repr__(self) -> str:
        return "<mail>"


@attrs.frozen(kw_only=True)
class ComposedMail:
    """A mail that is ready to be sent."""

    id: str
    """Stable over retries, such as for the idempotency key of a mail service. It has only `A-Z a-z 0-9 _ -`."""
    kind: MailKind
    sender: Sender
    to: EmailAddress
    subject: str
    """One line."""
    text: str = attrs.field(repr=False)
    """The body as plain text; a secret token may be in it."""
    html: str = attrs.field(repr=False)
    """The same as HTML."""
    locale: str
    """The language of the text, such as `de`."""
    logo: Logo | None = None
    """A picture that `html` refers to by its Content-ID."""
    _head: bytes = attrs.field(repr=False)

    def as_bytes(self) -> Mail:
        """Return the mail as it is sent. It is ASCII, except for addresses beyond ASCII (RFC 6532)."""
        # `email` builds the parts only: their headers are constants, and it does not parse their contents
        content = EmailMessage(policy=_SEVEN_BITS)
        content.set_content(self.text)
        content.add_alternative(self.html, subtype="html")
        if self.logo is not None:
            page = content.get_payload()[-1]  # type: ignore[index]  # a multipart message has a list
            assert isinstance(page, EmailMessage)
            main, _, sub = self.logo.media_type.partition("/")
            page.add_related(
                self.logo.content, main, sub, cid=f"<{self.logo.content_id}>", disposition="inline", filename="logo"
            )
        return Mail(self._head + content.as_bytes())


@attrs.frozen(kw_only=True)
class MailComposer:
    """Turns messages into mails.

    Args:
        sender: Sender of the mails.
        public_url: Base URL of all links. Links built from request headers would let an attacker receive tokens.
        templates: The texts.

    Raises:
        ConfigurationError: The extra `smtp` is not installed.

    """

    sender: Sender
    public_url: str
    templates: MailTemplates = attrs.field(factory=MailTemplates)

    def __attrs_post_init__(self) -> None:
        # they are imported by the first mail, to start fast
        if find_spec("jinja2") is None or find_spec("babel") is None:
            raise ConfigurationError('Mails need Jinja2 and Babel: pip install "accounts-core[smtp]"')

    def compose(self, message: MailMessage, *, at: datetime) -> ComposedMail:
        """Return the mail for a message, with a text and an HTML part that say the same.

        The Message-ID is derived from the message id alone, so that a repeated delivery is recognised as a duplicate.

        Args:
            message: The message.
            at: Date of the mail.

        Raises:
            MailRefused: The recipient address is invalid, a value is missing, or a template fails with the values.

        """
        to = headers.mailbox(message.to)
        with fork_safe.rendering():
            language, subject, text, html = self._render(message)
        mail_id = plain_id(message)
        head = headers.head(
            [
                ("From", headers.mailbox(self.sender.email, self.sender.name)),
                ("To", to),
                ("Subject", headers.text(subject)),
                ("Date", format_datetime(at)),
                ("Message-ID", f"<{mail_id}@{self.sender.domain}>"),
                ("Auto-Submitted", "auto-generated"),  # RFC 3834: suppresses automatic replies
            ]
        )
        return ComposedMail(
            id=mail_id,
            kind=message.kind,
            sender=self.sender,
            to=message.to,
            subject=subject,
            text=text,
            html=html,
            locale=language,
            logo=self.templates.logo,
            head=head,
        )

    def _render(self, message: MailMessage) -> tuple[str, str, str, str]:
        from accounts_smtp.formats import Formats
        from accounts_smtp.variables import for_subject, link_of, make_variables

        kind, templates = message.kind, self.templates
        language = templates.language(kind, message.locale)
        formats = Formats.of(language, (message.locale, templates.default_locale), message.time_zone)
        try:
            variables = {
                **make_variables(kind, message.values, formats),
                "kind": str(kind),
                "link": link_of(kind, message.values, self.public_url),
                "public_url": self.public_url,
                "product": templates.product_name(self.sender.name),
                "lang": tag_of(language),
                "dir": formats.direction,
            }
        except (KeyError, ValueError):
            raise MailRefused(f"A message ({kind}) has not the values of its kind.") from None
        renderer = templates.renderer()
        subject = for_header(renderer.subject(templates.subject(kind, language), for_subject(variables)))
        if not subject:
            raise MailRefused(f"{templates.subject(kind, language)}: the subject is empty.")
        variables |= {"subject": subject}
        text = self._text(renderer, kind, language, variables)
        return tag_of(language), subject, text, self._html(renderer, kind, language, variables)

    def _text(self, renderer: "Renderer", kind: MailKind, language: str, variables: Mapping[str, Any]) -> str:
        name, footer = self.templates.body(kind, language, is_html=False), self.templates.footer(language)
        parts = {
            "body": _require_content(name, renderer.text(name, variables)),
            "footer": "" if footer is None else renderer.text(footer, variables),
        }
        return renderer.text("layout.txt", {**variables, **parts}) + "\n"

    def _html(self, renderer: "Renderer", kind: MailKind, language: str, variables: Mapping[str, Any]) -> str:
        name, footer = self.templates.body(kind, language, is_html=True), self.templates.footer(language)
        logo = self.templates.logo
        parts = {
            "body": _require_content(name, renderer.html(name, variables)),
            "footer": "" if footer is None else renderer.html(footer, variables),
            "logo": "" if logo is None else f"cid:{logo.content_id}",
        }
        return str(renderer.html("layout.html", {**variables, **parts}))


def _require_content(name: str, rendered: T) -> T:
    if not rendered.strip():
        raise MailRefused(f"{name}: the body is empty.")
    return rendered


def plain_id(message: MailMessage) -> str:
    """Return the message's id, or its digest if it has other characters than `A-Z a-z 0-9 _ -`."""
    return message.id if _PLAIN_ID.fullmatch(message.id) else sha256(message.id.encode()).hexdigest()
