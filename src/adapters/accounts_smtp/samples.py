"""Sample values of every kind of mail, with which templates are checked and shown."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from accounts_core.errors import ConfigurationError
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_smtp.composer import ComposedMail, MailComposer
from accounts_smtp.sender import Sender
from accounts_smtp.sources import BODY, FOOTER, HTML, SUBJECT
from accounts_smtp.variables import OPTIONAL

if TYPE_CHECKING:
    from accounts_smtp.mail_templates import MailTemplates

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TOKEN: Final = {"name": "Jane Doe", "token": "acm_SAMPLE-0aB1cD2eF3gH4iJ5kL6mN7", "minutes": "1440"}
_THEN: Final = {"happened_at": AT.isoformat()}
_CARD: Final = {**_THEN, "brand": "visa", "last4": "4242"}

SAMPLES: Final[Mapping[MailKind, Mapping[str, str]]] = MappingProxyType(
    {
        MailKind.INVITATION: {"team": "Sales", "invited_by": "Jane Doe"},
        MailKind.ALREADY_REGISTERED: {},
        MailKind.VERIFY_EMAIL: _TOKEN,
        MailKind.RESET_PASSWORD: {**_TOKEN, "minutes": "60"},
        MailKind.NEW_SIGN_IN: {
            **_THEN,
            "device": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        },
        MailKind.PASSWORD_CHANGED: _THEN,
        MailKind.EMAIL_CHANGE_REQUESTED: {**_THEN, "email": "jane@new.example"},
        MailKind.EMAIL_CHANGED: {**_THEN, "email": "jane@new.example"},
        MailKind.CARD_ADDED: _CARD,
        MailKind.CARD_REMOVED: _CARD,
        MailKind.ACCOUNT_DEACTIVATED: _THEN,
        MailKind.ACCOUNT_RESTORED: _THEN,
    }
)


def sample_message(kind: MailKind, *, locale: str | None = None, is_full: bool = True) -> MailMessage:
    """Return a message with sample values, without the optional ones unless it `is_full`."""
    values = {name: text for name, text in SAMPLES[kind].items() if is_full or name not in OPTIONAL[kind]}
    return MailMessage(
        id=f"sample_{kind}", to=EmailAddress("jane@example.org"), kind=kind, values=values, locale=locale
    )


def sample_composer(templates: "MailTemplates", *, sender: Sender | None = None) -> MailComposer:
    """Return a composer for samples."""
    sender = sender or Sender(EmailAddress("no-reply@accounts.example"), "Accounts")
    return MailComposer(sender=sender, public_url="https://accounts.example", templates=templates)


def check_templates(templates: "MailTemplates", *, all_mails: bool) -> None:
    """Compose the mails that a host's templates have a part in, or all of them.

    Raises:
        ConfigurationError: A template is wrong, or has no effect.

    """
    _refuse_idle_files(templates)
    composer = sample_composer(templates)
    for kind, locale in _mails(templates, all_mails=all_mails):
        for is_full in (True, False):
            message = sample_message(kind, locale=locale, is_full=is_full)
            _require_link(message, composer.compose(message, at=AT))


def _require_link(message: MailMessage, mail: ComposedMail) -> None:
    """Refuse a mail that is sent for its link and has none, in one of its two parts or in both."""
    token = message.values.get("token", "")
    for part, content in (("text", mail.text), ("page", mail.html)):
        if token not in content:
            raise ConfigurationError(
                f"The {part} of {message.kind} in {mail.locale} has no link: {{{{ link }}}} is missing in its body, or"
                " {{ body }} in the layout."
            )


def _refuse_idle_files(templates: "MailTemplates") -> None:
    for locale in sorted(templates.own_locales()):
        kinds = {kind for kind in MailKind if templates.language(kind, locale) == locale}
        if not kinds and templates.has_own(f"{locale}/{FOOTER}"):
            raise ConfigurationError(f"There is a {locale}/{FOOTER}, and no body of a mail in {locale}/.")
        for kind in MailKind:
            for part in (SUBJECT, HTML):
                if kind not in kinds and templates.has_own(f"{locale}/{kind}.{part}"):
                    raise ConfigurationError(f"There is a {locale}/{kind}.{part}, and no {locale}/{kind}.{BODY}.")


def _mails(templates: "MailTemplates", *, all_mails: bool) -> Iterator[tuple[MailKind, str]]:
    if all_mails:
        return ((kind, locale) for locale in templates.locales() for kind in MailKind)
    return templates.own_mails()
