"""Print tables and ask questions at the terminal."""

import signal
import sys
from collections.abc import Sequence
from getpass import getpass
from typing import Final

from accounts_cli.failures import CommandFailed
from accounts_cli.streams import say

MAX_LINE: Final = 4096


def format_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; the first row holds the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def ask_new_password() -> str:
    """Ask for a password twice, without echo. Raises `CommandFailed` when the two differ or there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandFailed("The password prompt needs a terminal. Use --password-stdin instead.")
    try:
        password = getpass("Password: ")
        again = getpass("Repeat password: ")
    except EOFError as error:
        raise CommandFailed("No password was entered.") from error
    if again != password:
        raise CommandFailed("The passwords do not match.")
    return password


def read_password() -> str:
    """Read a password from standard input. Raises `CommandFailed` unless it holds exactly one line."""
    try:
        lines = sys.stdin.read(MAX_LINE).splitlines()
    except UnicodeError as error:
        raise CommandFailed("The password on standard input cannot be decoded in this terminal's encoding.") from error
    if len(lines) != 1:
        raise CommandFailed(f"Expected one line with the password on standard input; got {len(lines)}.")
    return lines[0]


def confirm(question: str) -> bool:
    """Ask for `yes`, and return whether that was the answer. Raises `CommandFailed` when there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandFailed("The confirmation prompt needs a terminal. Use --yes to skip it.")
    # the handler of an event loop would only cancel the task while `readline` keeps waiting
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        say(f"{question} Type yes: ", end="")
        return sys.stdin.readline(MAX_LINE).strip().lower() == "yes"
    except UnicodeError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
