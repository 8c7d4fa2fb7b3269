"""The command line: what can be typed, and the help that says so."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from accounts_cli.streams import complain, say

SETTINGS: Final = """\
Settings come from environment variables, and for what is not set there, from a
file .env in the working folder. Without any, the database is accounts.db in the
working folder, and a simulator of Stripe beside it takes Stripe's test cards.
The most used ones:

  ACCOUNTS_DATABASE_URL   sqlite:///accounts.db, or
                          postgresql://user:password@host/name
  ACCOUNTS_PUBLIC_URL     where people reach the service; mails link there
  ACCOUNTS_MAIL_FROM      who mails come from
  ACCOUNTS_STRIPE_API_KEY, ACCOUNTS_STRIPE_WEBHOOK_SECRET
                          for real cards: sk_live_..., whsec_...
  ACCOUNTS_CURRENCY, ACCOUNTS_VERIFICATION_AMOUNTS
                          what is held for a moment: jpy, and usd=100,jpy=150
"""

MAIN: Final = f"""\
a first walk:
  accounts serve                                    in one terminal, then in another
  accounts users create --email jane@example.org --name "Jane Doe"
  accounts users show jane@example.org

{SETTINGS}"""

SERVE: Final = """\
The database is created and migrated first. One worker does what is in the
outbox. Stop it with Ctrl+C or SIGTERM: requests that are under way are finished,
and so is the worker's job. Stripe's webhooks go to /webhooks/stripe.

With --workers there are several processes. They need PostgreSQL, and Stripe or a
simulator that is a server of its own (accounts stripe-simulator).

examples:
  accounts serve
  accounts serve --port 8080
  ACCOUNTS_DATABASE_URL=postgresql://me@localhost/accounts accounts serve
"""

MIGRATE: Final = """\
Safe to repeat: what is there already is left alone. `accounts serve` does the
same when it starts.
"""

WORKER: Final = """\
Lets go of what is held, tells Stripe what changed here and reads what changed
there. `accounts serve` has a worker of its own; this runs another one, here or on
another machine. Stop it with Ctrl+C or SIGTERM: its job is finished first.

examples:
  accounts worker
  accounts worker --once       from cron: do what is due now, and say how much it was
"""

CLEANUP: Final = """\
The worker does the same once a day. What is deleted in small batches: sessions,
links and sign-ups that are over; old audit entries, notifications, devices, card
verifications and failed jobs, by ACCOUNTS_RETENTION_..._DAYS; accounts that were
never verified, by ACCOUNTS_UNVERIFIED_DAYS. Safe to repeat, to interrupt, and
while the service runs.

examples:
  accounts cleanup --dry-run
  accounts cleanup
"""

OUTBOX: Final = """\
Every effect outside the database waits here until it is done. What keeps failing
for about a day is parked: nobody tries it again until you say so.

examples:
  accounts outbox list
  accounts outbox retry job_0aB1cD2eF3gH4iJ5kL6mN7
  accounts outbox retry --parked
  accounts outbox retry --all     after a crash: what a dead worker held waits no longer
"""

CARDS: Final = """\
Compares every billed user's cards, the customers and the open holds with what the
payment provider says. Money that is still frozen is let go; cards and customers
that came of a lost request go; the cards and the default here become the
provider's. What may belong to another service on the same account is told and
left alone. Safe to repeat, and while the service runs.

The exit code is 1 when something is left to be done by somebody.

examples:
  accounts cards reconcile --dry-run      from cron: tell, and change nothing
  accounts cards reconcile
"""

SIMULATOR: Final = """\
A server that speaks as much of Stripe's API as the service uses, for tests and for
trying things out. It moves no money. Its state is kept in stripe-simulator.db, in
the working folder unless --file says where; --file :memory: keeps none.

In one terminal:
  accounts stripe-simulator --webhook-url http://127.0.0.1:8000/webhooks/stripe
In another:
  export ACCOUNTS_STRIPE_API_KEY=sk_test_any
  export ACCOUNTS_STRIPE_API_BASE=http://127.0.0.1:12111
  export ACCOUNTS_STRIPE_WEBHOOK_SECRET=whsec_simulator
  accounts serve
"""

AUDIT: Final = """\
Sign-ins, changes, cards and what operators did, from every process. Entries are
never changed; those of a deleted user lose their details.

examples:
  accounts audit
  accounts audit --user jane@example.org --limit 200
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


class _Parser(ArgumentParser):
    """A parser that does not hide that its help cannot be written."""

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        if message:
            (say if file is sys.stdout else complain)(message, end="")


if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    Commands = _SubParsersAction[ArgumentParser]


def build_parser(version: str) -> ArgumentParser:
    """Return the parser of the whole command line; `command` is None where none was given."""
    parser: ArgumentParser = _Parser(
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
    worker = _add(commands, "worker", "do what is in the outbox", WORKER)
    worker.add_argument("--once", action="store_true", help="do what is due now, and end")
    cleanup = _add(commands, "cleanup", "delete what has had its time", CLEANUP)
    cleanup.add_argument("--dry-run", action="store_true", help="say how much it is, and delete nothing")
    cleanup.add_argument("--json", action="store_true", help="as JSON")
    _add_outbox(_add(commands, "outbox", "show what is still to be done, and have it tried again", OUTBOX))
    _add_cards(_add(commands, "cards", "compare cards and holds with the payment provider"))
    audit = _add(commands, "audit", "show who did what, and when", AUDIT)
    audit.add_argument("--user", metavar="EMAIL_OR_ID", help="only what happened to this user's account")
    audit.add_argument(
        "--limit", default=50, type=_number(1, 10_000), metavar="N", help="at most so many (default: 50)"
    )
    audit.add_argument("--before", metavar="ID", help="only entries older than this one, or below this position")
    audit.add_argument("--json", action="store_true", help="as JSON")
    _add(commands, "check", "say whether the service could run as it is set up", CHECK)
    _add_users(_add(commands, "users", "create, show, change and delete users", USERS))
    simulator = _add(commands, "stripe-simulator", "run a simulator of Stripe", SIMULATOR)
    simulator.add_argument(
        "--port", default=12111, type=_number(0, 65535), help="the port, on 127.0.0.1 (default: 12111; 0: any)"
    )
    simulator.add_argument("--file", default="stripe-simulator.db", help="where the state is kept")
    simulator.add_argument("--webhook-url", metavar="URL", help="where events are sent to")
    simulator.add_argument(
        "--webhook-secret", metavar="SECRET", default="whsec_simulator", help="signs them (default: whsec_simulator)"
    )
    return parser


def _add_outbox(outbox: ArgumentParser) -> None:
    commands = outbox.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    show = _add(commands, "list", "list what is still to be done, what is parked first")
    show.add_argument("--limit", default=50, type=_number(1, 10_000), metavar="N", help="at most so many (default: 50)")
    show.add_argument("--json", action="store_true", help="as JSON")
    retry = _add(commands, "retry", "have a job, all that are parked, or all, tried again now")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?", help="the job's id")
    which.add_argument("--parked", action="store_true", help="all that are parked")
    which.add_argument("--all", action="store_true", help="all, whoever holds them")


def _add_cards(cards: ArgumentParser) -> None:
    commands = cards.add_subparsers(dest="action", title="commands", metavar="COMMAND", required=True)
    reconcile = _add(commands, "reconcile", "find and repair differences from the payment provider", CARDS)
    reconcile.add_argument("--dry-run", action="store_true", help="tell what differs, and change nothing")
    reconcile.add_argument("--json", action="store_true", help="as JSON")


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
        _add(commands, "unlock", "let a user sign in again after too many wrong passwords"),
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
