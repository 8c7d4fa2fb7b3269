"""The `accounts` command: run the service and manage its database and users."""

import logging
import sys
import warnings
from _thread import interrupt_main
from collections.abc import Sequence
from importlib.metadata import version
from threading import Timer

from accounts_cli.arguments import build_parser
from accounts_cli.failures import CommandFailed
from accounts_cli.streams import OutputFailed, complain, finish_output, open_streams
from accounts_service.errors import ServiceError

__all__ = ["main"]

SUCCESS = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130

REPEAT_SECONDS = 0.01


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    A failure is one line on standard error. Only a defect shows a traceback.

    Args:
        argv: The arguments; those of the process by default.

    Returns:
        The exit code: 0 for success, 1 for a failure, 2 for a usage error, 130 for an interruption.

    """
    if logging.lastResort is not None:
        # SQLAlchemy logs an interruption that arrives while it closes a connection
        logging.lastResort.addFilter(_is_no_interruption)
    try:
        return _main(argv)
    except KeyboardInterrupt:
        _silence_interpreter()
        return INTERRUPTED


def _silence_interpreter() -> None:
    """Suppress warnings about coroutines, tasks and loops that an interruption left unfinished."""
    warnings.simplefilter("ignore")
    logging.getLogger("asyncio").disabled = True
    sys.unraisablehook = lambda _: None


def _main(argv: Sequence[str] | None) -> int:
    open_streams()
    sys.unraisablehook = _interrupt_again
    try:
        code = _run(argv)
        finish_output()
    except SystemExit:  # argparse raises it after --help and after a usage error
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
            return SUCCESS if run(arguments) else FAILED
        except (ServiceError, AccountsError) as failure:
            return _failed(failure)
    except OutputFailed:
        raise
    except ImportError as error:
        return _failed(CommandFailed(f'The command is not fully installed ({error}): pip install "accounts-core[all]"'))
    except OSError as error:
        # of the operating system, such as too many open files or a deleted working folder
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return _failed(CommandFailed(f"{where}{error.strerror or error}"))


def _after_exit() -> int:
    """Flush the output of argparse and raise its `SystemExit` again."""
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


def _is_no_interruption(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt))


def _interrupt_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Repeat an interruption that arrived in a finalizer or callback, where no exception can be raised."""
    if unraisable.exc_type is KeyboardInterrupt:
        Timer(REPEAT_SECONDS, interrupt_main).start()  # later: here it would be lost in the same way
    else:
        sys.__unraisablehook__(unraisable)
