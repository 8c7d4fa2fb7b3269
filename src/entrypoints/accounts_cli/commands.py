"""From a parsed command line to what it asks for."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from accounts_cli.check import check
from accounts_cli.composition import open_service
from accounts_cli.database import migrate_database, require_migrated
from accounts_cli.failures import CommandFailed
from accounts_cli.masking import mask_defects
from accounts_cli.settings import Settings
from accounts_cli.streams import require_output, say
from accounts_cli.terminal import ask_new_password, read_password
from accounts_cli.worker import run_worker
from accounts_core import Accounts
from accounts_core.errors import AccountsError

T = TypeVar("T")

SERVICES: Final = frozenset({"serve", "worker", "stripe-simulator"})
"""These go on where nobody can read what they say."""


def run(arguments: Namespace) -> bool:
    """Do what the command line says; say whether all is well.

    Raises `CommandFailed`, or an error of the core, with a text for the person at the terminal.
    """
    if arguments.command not in SERVICES and not getattr(arguments, "once", False):
        require_output()
    if arguments.command == "check":
        return check(os.environ, Path())
    if arguments.command == "stripe-simulator":
        from accounts_cli.simulator import run_simulator

        run_simulator(
            port=arguments.port,
            file=arguments.file,
            webhook_url=arguments.webhook_url,
            webhook_secret=arguments.webhook_secret,
        )
        return True
    settings = Settings.load(os.environ, Path())
    masker = mask_defects(settings.secrets())
    try:
        return _run(settings, arguments)
    except (CommandFailed, AccountsError) as failure:
        # a driver may quote what it was given
        raise CommandFailed(masker.without_known(str(failure)) or type(failure).__name__) from failure


def _run(settings: Settings, arguments: Namespace) -> bool:
    match arguments.command:
        case "serve":
            from accounts_cli.serve import serve

            serve(settings, host=arguments.host, port=arguments.port, workers=arguments.workers)
        case "migrate":
            say(migrate_database(settings))
        case "worker":
            require_migrated(settings)
            asyncio.run(run_worker(settings, once=arguments.once))
        case "outbox":
            require_migrated(settings)
            asyncio.run(_on_accounts(settings, _outbox_command(arguments)))
        case "cleanup":
            require_migrated(settings)
            from accounts_cli import cleanup

            asyncio.run(
                _on_accounts(
                    settings,
                    lambda accounts: cleanup.clean_up(accounts, dry_run=arguments.dry_run, as_json=arguments.json),
                )
            )
        case "cards":
            require_migrated(settings)
            from accounts_cli import cards

            return asyncio.run(
                _on_accounts(
                    settings,
                    lambda accounts: cards.reconcile(accounts, dry_run=arguments.dry_run, as_json=arguments.json),
                )
            )
        case "audit":
            require_migrated(settings)
            from accounts_cli import audit

            asyncio.run(
                _on_accounts(
                    settings,
                    lambda accounts: audit.show(
                        accounts,
                        user=arguments.user,
                        before=arguments.before,
                        limit=arguments.limit,
                        as_json=arguments.json,
                    ),
                )
            )
        case "users":
            require_migrated(settings)
            asyncio.run(_on_accounts(settings, _user_command(arguments)))
    return True


def _outbox_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    from accounts_cli import outbox

    match arguments.action:
        case "list":
            return lambda accounts: outbox.show(accounts, limit=arguments.limit, as_json=arguments.json)
        case "retry" if arguments.parked:
            return outbox.retry_parked
        case "retry" if arguments.all:
            return outbox.retry_all
        case "retry":
            return lambda accounts: outbox.retry(accounts, arguments.id)
    raise AssertionError(arguments.action)


def _user_command(arguments: Namespace) -> Callable[[Accounts[Any]], Awaitable[None]]:
    """Return what to do once the database is open. A password is asked for before that."""
    from accounts_cli import users

    match arguments.action:
        case "create":
            password = read_password() if arguments.password_stdin else ask_new_password()
            return lambda accounts: users.create(
                accounts,
                email=arguments.email,
                name=arguments.name,
                password=password,
                verified=arguments.verified,
            )
        case "show":
            return lambda accounts: users.show(accounts, arguments.user, as_json=arguments.json)
        case "delete":
            return lambda accounts: users.delete(accounts, arguments.user, sure=arguments.yes)
        case "verify":
            return lambda accounts: users.verify(accounts, arguments.user)
        case "deactivate":
            return lambda accounts: users.deactivate(accounts, arguments.user)
        case "restore":
            return lambda accounts: users.restore(accounts, arguments.user)
        case "unlock":
            return lambda accounts: users.unlock(accounts, arguments.user)
    raise AssertionError(arguments.action)


async def _on_accounts(settings: Settings, command: Callable[[Accounts[Any]], Awaitable[T]]) -> T:
    async with open_service(settings) as service:
        return await command(service.accounts)
