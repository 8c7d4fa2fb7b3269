"""`accounts check`: could the service run as it is set up? Nothing is changed to find out."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from accounts_cli.composition import LOCAL_URL, mail_folder
from accounts_cli.database import require_migrated
from accounts_cli.failures import CommandFailed
from accounts_cli.limits import check_limits
from accounts_cli.listening import is_loopback_host
from accounts_cli.payments import check_provider
from accounts_cli.settings import Settings
from accounts_cli.streams import say
from accounts_core.errors import AccountsError
from accounts_sql import head_revision
from accounts_system import SystemClock, SystemSecrets


def check(environment: Mapping[str, str], folder: Path) -> bool:
    """Write a line for each part; say whether all are well. Bad settings leave nothing else to look at."""
    try:
        settings = Settings.load(environment, folder)
    except CommandFailed as failure:
        _report("settings", failure)
        return False
    parts: dict[str, Callable[[Settings], str]] = {
        "settings": _settings,
        "database": _database,
        "payments": _payments,
        "mail": _mail,
    }
    if settings.redis_url is not None:
        parts["limits"] = _limits
    outcomes = [_look(name, part, settings) for name, part in parts.items()]  # every one, whatever is wrong before it
    return all(outcomes)


def _look(name: str, part: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        found = part(settings)
    except (CommandFailed, AccountsError) as failure:
        _report(name, failure)
        return False
    except OSError as error:
        _report(name, CommandFailed(f"{error.filename or 'the working folder'}: {error.strerror}"))
        return False
    say(f"{name:<10}ok      {found}")
    return True


def _report(name: str, failure: Exception) -> None:
    say(f"{name:<10}FAILED  {failure}")


def _settings(settings: Settings) -> str:
    idle = settings.without_effect()
    beside = f"; without effect in this release: {', '.join(idle)}" if idle else ""
    return f"{len(settings.given)} set, the others as by default{beside}"


def _database(settings: Settings) -> str:
    require_migrated(settings)
    return f"{settings.database_url}, up to date (revision {head_revision()})"


def _payments(settings: Settings) -> str:
    return asyncio.run(check_provider(settings, SystemClock(), SystemSecrets()))


def _limits(settings: Settings) -> str:
    assert settings.redis_url is not None
    return asyncio.run(check_limits(settings.redis_url, SystemClock()))


def _mail(settings: Settings) -> str:
    if settings.smtp_url is not None:
        from accounts_smtp.smtp import SmtpMailer

        mailer = SmtpMailer(url=settings.smtp_url, sender=settings.mail_from, public_url=LOCAL_URL, clock=SystemClock())
        _refuse_links_to_this_machine(settings)
        asyncio.run(mailer.check())
        unset = "" if "ACCOUNTS_MAIL_FROM" in settings.given else "; WARNING: ACCOUNTS_MAIL_FROM is not set"
        return f"{settings.smtp_url} takes mails, from {settings.mail_from}{unset}"
    folder = mail_folder(settings)
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise CommandFailed(f"mails cannot be written to {folder}/: {there} is no folder that can be written to")
    return f"each becomes a file in {folder}/"


def _refuse_links_to_this_machine(settings: Settings) -> None:
    """Raise `CommandFailed` where the links in mails that are really sent would lead nobody anywhere."""
    if settings.public_url is None:
        raise CommandFailed(
            f"ACCOUNTS_PUBLIC_URL is not set, so the links in mails would lead to this machine, such as {LOCAL_URL}"
        )
    if is_loopback_host(urlsplit(settings.public_url).hostname or ""):
        raise CommandFailed(
            f"ACCOUNTS_PUBLIC_URL is {settings.public_url}, so the links in mails would lead to whatever machine each "
            "is read on"
        )
