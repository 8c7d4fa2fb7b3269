"""The command line: what can be typed, and the help that says so."""

import re
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

SETTINGS: Final = """\
Settings come from environment variables, and for what is not set there, from a
file .env in the working folder. Without any, the database is accounts.db in the
working folder and payments are pretended. The most used ones:

  ACCOUNTS_DATABASE_URL   sqlite:///accounts.db, or
                          postgresql://user:password@host/name
  ACCOUNTS_PUBLIC_URL     where people reach the service; mails link there
  ACCOUNTS_MAIL_FROM      who mails come from
"""

MAIN: Final = f"""\
a first walk:
  accounts serve                                    in one terminal, then in another
  accounts users create --email jane@example.org --name "Jane Doe"
  accounts users show jane@example.org

{SETTINGS}"""

SERVE: Final = """\
The database is created and migrated first. Stop it with Ctrl+C or SIGTERM:
requests that are under way are finished.

examples:
  accounts serve
  accounts serve --port 8080
  ACCOUNTS_DATABASE_URL=postgresql://me@localhost/accounts accounts serve
"""

MIGRATE: Final = """\
Safe to repeat: what is there already is left alone. `accounts serve` does the
same when it starts.
"""

CHECK: Final = """\
A line each for the settings, the database, the payment provider and the mail.
Nothing is changed. The exit code is 1 when something is wrong.
"""

USERS: Final = """\
examples:
  accounts users create --email jane@example.org --name "Jane Doe" --verified
  accounts users show jane@example.org --json
  accounts users deactivate 12
  accounts users delete jane@example.org

A user is named by email address or by id.
"""

CREATE: Final = """\
The password is asked for twice and not shown, or read from standard input:
  accounts users create --email jane@example.org --name Jane --password-stdin < secret.txt
"""

if TYPE_CHECKING:
    Commands = _SubParsersAction[ArgumentParser]


def build_parser(version: str) -> ArgumentParser:
    """Return the parser of the whole command line; `command` is None where none was given."""
    parser = ArgumentParser(
        "accounts",
        description="User accounts and their cards: run the service, and look after its database and its users.",
        epilog=MAIN,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"accounts {version}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    serve = _add(commands, "serve", "run the HTTP service", SERVE)
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", default=8000, type=_number(0, 65535), help="the port (default: 8000; 0: any)")
    serve.add_argument("--workers", default=1, type=_number(1, 64), metavar="N", help="how many processes (default: 1)")
    _add(commands, "migrate", "create the database's tables, or bring them up to date", MIGRATE)
    _add(commands, "check", "say whether the service could run as it is set up", CHECK)
    _add_users(_add(commands, "users", "create, show, change and delete users", USERS))
    return parser


def _add_users(users: ArgumentParser) -> None:
    commands = users.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    create = _add(commands, "create", "sign somebody up", CREATE)
    create.add_argument("--email", required=True, help="the email address")
    create.add_argument("--name", required=True, help="the person's name")
    create.add_argument("--verified", action="store_true", help="take the address as verified")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    show = _add(commands, "show", "show what is known about a user")
    show.add_argument("--json", action="store_true", help="as JSON")
    delete = _add(commands, "delete", "delete a user for good, after showing what goes and what stays")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    others = [
        _add(commands, "verify", "take the email address that waits for it as verified"),
        _add(commands, "deactivate", "close an account without losing anything of it"),
        _add(commands, "restore", "bring a deactivated account back"),
    ]
    for command in (show, delete, *others):
        command.add_argument("user", metavar="EMAIL_OR_ID", help="the user's email address or id")


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
