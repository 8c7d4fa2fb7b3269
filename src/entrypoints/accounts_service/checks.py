"""Check whether the service could run with its settings. Nothing is changed."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from accounts_core.errors import AccountsError
from accounts_service.database import require_migrated
from accounts_service.defaults import LOCAL_URL
from accounts_service.errors import ServiceError
from accounts_service.listening import is_loopback_host
from accounts_service.mails import check_texts, get_mail_folder, make_composer
from accounts_service.payments import check_provider
from accounts_service.profile_types import describe_profile_type
from accounts_service.rate_limiters import check_rate_limits
from accounts_service.settings import Settings
from accounts_system import SystemClock, SystemSecrets


@attrs.frozen
class PartCheck:
    """The outcome for one part of the service."""

    part: str
    is_ok: bool
    detail: str


def check_parts(environment: Mapping[str, str], folder: Path) -> Iterator[PartCheck]:
    """Check each part, all of them even after a failure. Settings that cannot be read are the only part checked."""
    try:
        settings = Settings.load(environment, folder)
    except ServiceError as failure:
        yield PartCheck("settings", False, str(failure))
        return
    parts: dict[str, Callable[[Settings], str]] = {
        "settings": _check_settings,
        "database": _check_database,
        "payments": _check_payments,
        "mail": _check_mail,
    }
    if settings.profile_type is not None:
        parts["profile"] = _check_profile_type
    if settings.rate_limits_url is not None:
        parts["limits"] = _check_limits
    for name, check in parts.items():
        yield _check(name, check, settings)


def _check(name: str, check: Callable[[Settings], str], settings: Settings) -> PartCheck:
    try:
        return PartCheck(name, True, check(settings))
    except (ServiceError, AccountsError) as failure:
        return PartCheck(name, False, str(failure))
    except OSError as error:
        return PartCheck(name, False, f"{error.filename or 'the working folder'}: {error.strerror}")


def _check_settings(settings: Settings) -> str:
    idle = settings.without_effect()
    note = f"; without effect in this release: {', '.join(idle)}" if idle else ""
    return f"{len(settings.configured)} set, all others have their defaults{note}"


def _check_database(settings: Settings) -> str:
    status = require_migrated(settings)
    warning = f"; WARNING: {status.notice}" if status.notice else ""
    return f"{settings.database_url}, up to date (revision {status.revision}){warning}"


def _check_payments(settings: Settings) -> str:
    return asyncio.run(check_provider(settings, SystemClock(), SystemSecrets()))


def _check_profile_type(settings: Settings) -> str:
    assert settings.profile_type is not None
    return describe_profile_type(settings.profile_type)


def _check_limits(settings: Settings) -> str:
    assert settings.rate_limits_url is not None
    return asyncio.run(check_rate_limits(settings.rate_limits_url, SystemClock()))


def _check_mail(settings: Settings) -> str:
    texts = check_texts(settings)
    if settings.smtp_url is not None:
        from accounts_smtp.smtp import SmtpMailer

        composer = make_composer(settings, LOCAL_URL)
        mailer = SmtpMailer(url=settings.smtp_url, composer=composer, clock=SystemClock())
        _require_reachable_links(settings)
        asyncio.run(mailer.check())
        unset = "" if "ACCOUNTS_MAIL_FROM" in settings.configured else "; WARNING: ACCOUNTS_MAIL_FROM is not set"
        return f"{settings.smtp_url} takes mails, from {settings.mail_from}{unset}{texts}"
    folder = get_mail_folder(settings)
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ServiceError(f"mails cannot be written to {folder}/: {existing} is not a writable folder")
    return f"each becomes a file in {folder}/{texts}"


def _require_reachable_links(settings: Settings) -> None:
    """Raise `ServiceError` when mails are sent and their links would lead to the machine of the reader."""
    if settings.public_url is None:
        raise ServiceError(
            f"ACCOUNTS_PUBLIC_URL is not set, so the links in mails would lead to this machine, such as {LOCAL_URL}"
        )
    if is_loopback_host(urlsplit(settings.public_url).hostname or ""):
        raise ServiceError(
            f"ACCOUNTS_PUBLIC_URL is {settings.public_url}, so the links in mails would lead to the machine that each "
            "is read on"
        )
