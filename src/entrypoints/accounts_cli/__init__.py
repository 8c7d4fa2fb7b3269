"""The `accounts` command: run the service, and look after its database and its users."""

import sys
import warnings
from _thread import interrupt_main
from collections.abc import Sequence
from importlib.metadata import version
from threading import Timer

from accounts_cli.arguments import build_parser
from accounts_cli.failures import CommandFailed
from accounts_cli.streams import OutputFailed, complain, finish_output, open_streams

__all__ = ["main"]

FINE = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130

AGAIN_SECONDS = 0.01


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 it failed, 2 it was not understood, 130 interrupted.

    A failure is one line on standard error. Only a defect shows a traceback.
    """
    try:
        return _main(argv)
    except KeyboardInterrupt:
        _say_no_more()
        return INTERRUPTED


def _say_no_more() -> None:
    """Keep the interpreter from telling of coroutines and loops that an interruption left in the middle."""
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None


def _main(argv: Sequence[str] | None) -> int:
    open_streams()
    sys.unraisablehook = _interrupted_again
    try:
        code = _run(argv)
        finish_output()
    except SystemExit:  # as argparse ends --help and what it does not understand
        return _after_exit()
    except OutputFailed as failure:
        return _failed(failure)
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        parser = build_parser(version("accounts-core"))
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help(sys.stderr)
            return USAGE
        # imported when a command runs: --help needs neither the web framework nor the database
        from accounts_cli.commands import run
        from accounts_core.errors import AccountsError

        try:
            return FINE if run(arguments) else FAILED
        except (CommandFailed, AccountsError) as failure:
            return _failed(failure)
    except OutputFailed:
        raise
    except ImportError as error:
        return _failed(CommandFailed(f"A part of this program cannot be loaded: {error}"))
    except OSError as error:
        # of the machine, such as too many open files or a working folder that is gone
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return _failed(CommandFailed(f"{where}{error.strerror or error}"))


def _after_exit() -> int:
    """Write what argparse has left to be written, and go on as it ends. Raises `SystemExit`."""
    try:
        finish_output()
    except OutputFailed as failure:
        return _failed(failure)
    raise  # noqa: PLE0704  called where it is handled


def _failed(failure: Exception) -> int:
    text = " ".join(str(failure).split()) or type(failure).__name__
    if not (isinstance(failure, OutputFailed) and failure.is_unread):
        complain(f"accounts: {text}")
    return FAILED


def _interrupted_again(what: "sys.UnraisableHookArgs") -> None:
    """Interrupt once more where Ctrl+C came in a finalizer or callback, which nothing can be raised from."""
    if what.exc_type is KeyboardInterrupt:
        Timer(AGAIN_SECONDS, interrupt_main).start()  # not here, where it would go the same way
    else:
        sys.__unraisablehook__(what)
