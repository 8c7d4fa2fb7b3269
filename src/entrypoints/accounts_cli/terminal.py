"""What the commands say and ask at the terminal."""

import signal
import sys
from collections.abc import Sequence
from getpass import getpass
from typing import Final

from accounts_cli.failures import CommandFailed
from accounts_cli.streams import say

MAX_LINE: Final = 4096


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns, a line each; the first row holds the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def ask_new_password() -> str:
    """Ask twice, without showing it. Raises `CommandFailed` when the two differ or nobody can be asked."""
    if not sys.stdin.isatty():
        raise CommandFailed("There is no terminal to ask for a password at: give it with --password-stdin.")
    try:
        password = getpass("Password: ")
        again = getpass("The same again: ")
    except EOFError as error:
        raise CommandFailed("No password was typed.") from error
    if again != password:
        raise CommandFailed("The two passwords differ.")
    return password


def read_password() -> str:
    """Read a password from standard input: one line. Raises `CommandFailed` when there is none, or more."""
    try:
        lines = sys.stdin.read(MAX_LINE).splitlines()
    except UnicodeError as error:
        raise CommandFailed("The password on standard input is not text in this terminal's encoding.") from error
    if len(lines) != 1:
        raise CommandFailed(f"Standard input holds {len(lines)} lines; a password is one.")
    return lines[0]


def confirm(question: str) -> bool:
    """Ask for `yes`; anything else is no. Raises `CommandFailed` when nobody can be asked."""
    if not sys.stdin.isatty():
        raise CommandFailed("There is no terminal to ask at: give --yes.")
    # an event loop's handler would only cancel the task, and this wait would go on
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        say(f"{question} Type yes: ", end="")
        return sys.stdin.readline(MAX_LINE).strip().lower() == "yes"
    except UnicodeError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
