"""Run the command that a parsed command line names."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from accounts_cli.check import check
from accounts_cli.failures import CommandFailed
from accounts_cli.streams import announce, complain, require_output, say
from accounts_cli.terminal import ask_new_password, read_password
from accounts_core import Accounts
from accounts_core.errors import AccountsError, Invalid
from accounts_service.composition import open_service
from accounts_service.database import migrate_database, print_migration, require_migrated
from accounts_service.errors import ServiceError
from accounts_service.masking import mask_defects
from accounts_service.settings import Settings

T = TypeVar("T")

SERVICES: Final = frozenset({"serve", "worker", "stripe-simulator"})
"""Commands that keep running when their output cannot be written."""


def run(arguments: Namespace) -> bool:
    """Run a command, and return whether it succeeded.

    Raises:
        ServiceError: The command failed; the text is for the person at the terminal.
        AccountsError: The core refused; its text is for that person, too.

    """
    if arguments.command not in SERVICES and not getattr(arguments, "once", False):
        require_output()
    if arguments.command == "check":
        return check(os.environ, Path())
    if arguments.command == "stripe-simulator":
        from accounts_service.simulator import run_simulator

        run_simulator(
            port=arguments.port,
            file=arguments.file,
            webhook_url=arguments.webhook_url,
            webhook_secret=arguments.webhook_secret,
            announce=announce,
        )
        return True
    settings = Settings.load(os.environ, Path())
    masker = mask_defects(settings.secrets())
    try:
        return _run(settings, arguments)
    except (ServiceError, AccountsError) as failure:
        # a driver may quote a secret of the settings
        raise CommandFailed(masker.mask_secrets(_text_of(failure)) or type(failure).__name__) from failure


def _text_of(failure: Exception) -> str:
    if isinstance(failure, Invalid) and failure.others:
        return "; ".join(f"{field}: {' '.join(reasons)}" for field, reasons in failure.errors.items())
    return str(failure)


def _run(settings: Settings, arguments: Namespace) -> bool:
    match arguments.command:
        case "serve":
            from accounts_service.startup import serve

            serve(
                settings,
                host=arguments.host,
                port=arguments.port,
                workers=arguments.workers,
                announce=announce,
                warn=complain,
            )
            return True
        case "migrate":
            if arguments.start is not None and not arguments.sql:
                raise ServiceError("--from is an option of `accounts migrate --sql`.")
            start = arguments.start or "base"
            say(print_migration(settings, start) if arguments.sql else migrate_database(settings))
            return True
        case "mails":
            from accounts_cli.mails import preview

            preview(settings, arguments)
            return True
    require_migrated(settings)
    match arguments.command:
        case "worker":
            _run_worker(settings, once=arguments.once)
        case "cards":
            return asyncio.run(_run_with_accounts(settings, _cards_command(arguments)))
        case "outbox":
            asyncio.run(_run_with_accounts(settings, _outbox_command(arguments)))
        case "cleanup":
            asyncio.run(_run_with_accounts(settings, _cleanup_command(arguments)))
        case "audit":
            asyncio.run(_run_with_accounts(settings, _audit_command(arguments)))
        case "users":
            asyncio.run(_run_with_accounts(settings, _user_command(arguments)))
    return True


def _run_worker(settings: Settings, *, once: bool) -> None:
    from accounts_service.worker import run_worker, run_worker_once

    if once:
        ran = asyncio.run(run_worker_once(settings))
        say(f"Done: {ran.done}. Rescheduled: {ran.rescheduled}. Dead-lettered: {ran.dead_lettered}.")
    else:
        asyncio.run(run_worker(settings, announce=announce))


def _cards_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[bool]]:
    from accounts_cli.cards import reconcile_cards

    return lambda accounts: reconcile_cards(accounts, dry_run=arguments.dry_run, as_json=arguments.json)


def _outbox_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    from accounts_cli import outbox

    match arguments.action:
        case "list":
            return lambda accounts: outbox.show_jobs(accounts, limit=arguments.limit, as_json=arguments.json)
        case "retry" if arguments.dead_lettered:
            return outbox.retry_dead_lettered
        case "retry" if arguments.all:
            return outbox.retry_all
        case "retry":
            return lambda accounts: outbox.retry_job(accounts, arguments.id)
    raise AssertionError(arguments.action)


def _cleanup_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    from accounts_cli.cleanup import clean_up

    return lambda accounts: clean_up(accounts, dry_run=arguments.dry_run, as_json=arguments.json)


def _audit_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    from accounts_cli.audit import show_audit

    return lambda accounts: show_audit(
        accounts, user=arguments.user, before=arguments.before, limit=arguments.limit, as_json=arguments.json
    )


def _user_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    """Return the command to run once the database is open. It asks for a password before that."""
    from accounts_cli import users

    match arguments.action:
        case "create":
            profile = None if arguments.profile is None else users.parse_profile(arguments.profile)
            password = read_password() if arguments.password_stdin else ask_new_password()
            return lambda accounts: users.create_user(
                accounts,
                email=arguments.email,
                name=arguments.name,
                password=password,
                verified=arguments.verified,
                locale=arguments.locale,
                time_zone=arguments.time_zone,
                profile=profile,
            )
        case "show":
            return lambda accounts: users.show_user(accounts, arguments.user, as_json=arguments.json)
        case "delete":
            return lambda accounts: users.delete_user(accounts, arguments.user, sure=arguments.yes)
        case "verify":
            return lambda accounts: users.verify_user(accounts, arguments.user)
        case "deactivate":
            return lambda accounts: users.deactivate_user(accounts, arguments.user)
        case "restore":
            return lambda accounts: users.restore_user(accounts, arguments.user)
        case "unlock":
            return lambda accounts: users.unlock_user(accounts, arguments.user)
    raise AssertionError(arguments.action)


async def _run_with_accounts(settings: Settings, command: Callable[[Accounts[Any]], Awaitable[T]]) -> T:
    async with open_service(settings) as service:
        return await command(service.accounts)
