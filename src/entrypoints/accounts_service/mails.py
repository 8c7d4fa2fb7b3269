"""The mails of the service: how they are delivered, and with which texts."""

from pathlib import Path

from accounts_core.errors import ConfigurationError
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer
from accounts_service.errors import ServiceError
from accounts_service.settings import Settings
from accounts_smtp import EmlMailer, MailComposer, MailTemplates


def make_mailer(settings: Settings, public_url: str, clock: Clock) -> Mailer:
    """Return the mailer that the settings choose. Raises `ServiceError` for a wrong template."""
    composer = make_composer(settings, public_url)
    if settings.smtp_url is None:
        return EmlMailer(folder=get_mail_folder(settings), composer=composer, clock=clock)
    from accounts_smtp.smtp import SmtpMailer

    return SmtpMailer(url=settings.smtp_url, composer=composer, clock=clock)


def make_composer(settings: Settings, public_url: str, *, folder: Path | None = None) -> MailComposer:
    """Return the composer of mails with the templates of the settings, or those in `folder`.

    Raises:
        ServiceError: A template is wrong.

    """
    try:
        templates = MailTemplates(
            folder=folder or settings.mail_templates,
            default_locale=settings.mail_locale,
            product=settings.product_name,
        )
    except ConfigurationError as error:
        raise ServiceError(f"mail templates: {error}") from error
    return MailComposer(sender=settings.mail_from, public_url=public_url, templates=templates)


def check_texts(settings: Settings) -> str:
    """Compose every mail in every language, and describe the texts that are not the usual ones.

    Raises:
        ServiceError: A template is wrong.

    """
    from accounts_smtp.samples import check_templates

    templates = make_composer(settings, "").templates
    try:
        check_templates(templates, all_mails=True)
    except ConfigurationError as error:
        raise ServiceError(f"mail templates: {error}") from error
    if settings.mail_templates is None:
        return ""
    return f"; texts of {settings.mail_templates} are fine, in {', '.join(templates.locales())}"


def preview_mails(settings: Settings, public_url: str, *, to: Path, locale: str | None, folder: Path | None) -> Path:
    """Write every mail with sample values as files, and return the page that lists them.

    Args:
        settings: Choose the sender, the product's name and the templates.
        public_url: The URL of links where `ACCOUNTS_PUBLIC_URL` is not set.
        to: Folder to write to. It is created if need be.
        locale: The only locale to write; None for all that have templates.
        folder: Templates to take in place of those of the settings.

    Raises:
        ServiceError: A template is wrong, there is none in `locale`, a file cannot be written, or `to` is in the folder
            of the templates, where the files would stop the next start.

    """
    from accounts_smtp.preview import write_preview

    for templates in (folder, settings.mail_templates):
        if templates is not None and to.resolve().is_relative_to(templates.resolve()):
            raise ServiceError(f"{to} is in the folder of the mail templates; write to another one.")
    composer = make_composer(settings, settings.public_url or public_url, folder=folder)
    try:
        return write_preview(composer, to, None if locale is None else [locale])
    except ConfigurationError as error:
        raise ServiceError(f"mail templates: {error}") from error
    except OSError as error:
        raise ServiceError(f"{error.filename or to} cannot be written: {error.strerror}") from error


def describe_mail(settings: Settings) -> str:
    """Return in a line how mails are delivered."""
    if settings.smtp_url is None:
        return f"each becomes a file in {get_mail_folder(settings)}/"
    return f"{settings.smtp_url}, from {settings.mail_from}"


def get_mail_folder(settings: Settings) -> Path:
    """Return the folder of the mails that are not sent: beside the SQLite database, else in the working folder."""
    file = settings.database_url.file
    return (file.parent if file is not None else Path()) / "mail"
