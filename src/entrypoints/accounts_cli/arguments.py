"""Define the command line and its help."""

import re
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable
from typing import TYPE_CHECKING

from accounts_cli import epilogs
from accounts_cli.streams import complain, say
from accounts_service import defaults


class _Parser(ArgumentParser):
    """A parser that reports when its help cannot be written; argparse itself ignores that."""

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        if message:
            (say if file is sys.stdout else complain)(message, end="")


if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    Commands = _SubParsersAction[ArgumentParser]


def build_parser(version: str) -> ArgumentParser:
    """Return the parser of the command line. `command` is None where there was none."""
    parser: ArgumentParser = _Parser(
        "accounts",
        description="Run the accounts service and manage its database and users.",
        epilog=epilogs.MAIN,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"accounts {version}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    serve = _add(commands, "serve", "run the HTTP service", epilogs.SERVE)
    serve.add_argument("--host", default=defaults.HOST, help="address to listen on (default: %(default)s)")
    _add_port(serve, defaults.PORT)
    serve.add_argument(
        "--workers", default=1, type=_number(1, 64), metavar="N", help="number of processes (default: %(default)s)"
    )
    migrate = _add(commands, "migrate", "create or migrate the database", epilogs.MIGRATE)
    migrate.add_argument("--sql", action="store_true", help="print the statements instead of running them")
    migrate.add_argument(
        "--from",
        dest="start",
        metavar="REVISION",
        help="with --sql: revision of the database, as `accounts check` prints it (default: one without tables)",
    )
    worker = _add(commands, "worker", "run the jobs in the outbox", epilogs.WORKER)
    worker.add_argument("--once", action="store_true", help="run the jobs that are due, and exit")
    cleanup = _add(commands, "cleanup", "delete expired data", epilogs.CLEANUP)
    cleanup.add_argument("--dry-run", action="store_true", help="count the rows without deleting them")
    cleanup.add_argument("--json", action="store_true", help="print JSON")
    _add_outbox(_add(commands, "outbox", "list and retry jobs in the outbox", epilogs.OUTBOX))
    _add_cards(_add(commands, "cards", "compare cards and holds with the payment provider"))
    _add_mails(_add(commands, "mails", "show the mails"))
    audit = _add(commands, "audit", "list the audit trail", epilogs.AUDIT)
    audit.add_argument("--user", metavar="EMAIL_OR_ID", help="only entries of this user")
    _add_limit(audit)
    audit.add_argument("--before", metavar="ID", help="only entries before this one")
    audit.add_argument("--json", action="store_true", help="print JSON")
    _add(commands, "check", "check the settings and the services they name", epilogs.CHECK)
    _add_users(_add(commands, "users", "manage users", epilogs.USERS))
    simulator = _add(commands, "stripe-simulator", "run a Stripe simulator", epilogs.SIMULATOR)
    _add_port(simulator, defaults.SIMULATOR_PORT)
    simulator.add_argument("--file", default=defaults.SIMULATOR_FILE, help="file of the state (default: %(default)s)")
    simulator.add_argument("--webhook-url", metavar="URL", help="URL to send events to")
    simulator.add_argument(
        "--webhook-secret",
        metavar="SECRET",
        default=defaults.SIMULATOR_SECRET,
        help="secret that signs events (default: %(default)s)",
    )
    return parser


def _add_outbox(outbox: ArgumentParser) -> None:
    commands = outbox.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    show = _add(commands, "list", "list jobs, dead-lettered ones first")
    _add_limit(show)
    show.add_argument("--json", action="store_true", help="print JSON")
    retry = _add(commands, "retry", "retry one job, the dead-lettered jobs, or all jobs")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?", help="id of the job")
    which.add_argument("--dead-lettered", action="store_true", help="retry all dead-lettered jobs")
    # the former name of --dead-lettered
    which.add_argument("--parked", dest="dead_lettered", action="store_true", help=SUPPRESS)
    which.add_argument("--all", action="store_true", help="retry all jobs, also those that a worker is running")


def _add_cards(cards: ArgumentParser) -> None:
    commands = cards.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    reconcile = _add(commands, "reconcile", "find and repair differences from the payment provider", epilogs.CARDS)
    reconcile.add_argument("--dry-run", action="store_true", help="report differences without changing anything")
    reconcile.add_argument("--json", action="store_true", help="print JSON")


def _add_mails(mails: ArgumentParser) -> None:
    commands = mails.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    preview = _add(commands, "preview", "write every mail with sample values as files", epilogs.MAILS)
    preview.add_argument("--to", required=True, metavar="FOLDER", help="folder to write to")
    preview.add_argument("--locale", metavar="LOCALE", help="only this language, such as de or de-AT")
    preview.add_argument(
        "--templates", metavar="FOLDER", help="your templates (default: those of ACCOUNTS_MAIL_TEMPLATES)"
    )


def _add_users(users: ArgumentParser) -> None:
    commands = users.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    create = _add(commands, "create", "create a user", epilogs.CREATE)
    create.add_argument("--email", required=True, help="email address")
    create.add_argument("--name", required=True, help="full name")
    create.add_argument("--locale", metavar="TAG", help="language of the user's mails, such as de-AT")
    create.add_argument("--time-zone", metavar="NAME", help="time zone of times in mails, such as Europe/Vienna")
    create.add_argument("--profile", metavar="JSON", help="profile data, where ACCOUNTS_PROFILE_TYPE is set")
    create.add_argument("--verified", action="store_true", help="mark the email address as verified")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    show = _add(commands, "show", "show a user")
    show.add_argument("--json", action="store_true", help="print JSON")
    delete = _add(commands, "delete", "permanently delete a user, after a preview")
    delete.add_argument("--yes", action="store_true", help="skip the confirmation prompt")
    others = [
        _add(commands, "verify", "mark the pending email address of a user as verified"),
        _add(commands, "deactivate", "deactivate a user and keep all data"),
        _add(commands, "restore", "restore a deactivated user"),
        _add(commands, "unlock", "allow a user to sign in again after too many wrong passwords"),
    ]
    for command in (show, delete, *others):
        command.add_argument("user", metavar="EMAIL_OR_ID", help="email address or id of the user")


def _add_port(command: ArgumentParser, default: int) -> None:
    command.add_argument(
        "--port",
        default=default,
        type=_number(0, 65535),
        help="port to listen on (default: %(default)s; 0: any free port)",
    )


def _add_limit(command: ArgumentParser) -> None:
    command.add_argument(
        "--limit",
        default=50,
        type=_number(1, 10_000),
        metavar="N",
        help="maximum number to list (default: %(default)s)",
    )


def _add(commands: "Commands", name: str, summary: str, epilog: str | None = None) -> ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=epilog,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ArgumentTypeError(f"expected a number from {least} to {most}, got {text!r}")
        return int(text)

    return parse
