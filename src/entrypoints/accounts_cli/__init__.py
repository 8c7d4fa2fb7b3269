"""The `accounts` command: run the service, and look after its database and its users."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from accounts_cli.arguments import build_parser
from accounts_cli.failures import CommandFailed

__all__ = ["main"]

FINE = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 it failed, 2 it was not understood, 130 interrupted.

    A failure is one line on standard error. Only a defect shows a traceback.
    """
    parser = build_parser(version("accounts-core"))
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    # imported when a command runs: --help needs neither the web framework nor the database
    from accounts_cli.commands import run
    from accounts_core.errors import CallerError, WorldError

    try:
        return FINE if run(arguments) else FAILED
    except (CommandFailed, CallerError, WorldError) as failure:
        sys.stderr.write(f"accounts: {str(failure) or type(failure).__name__}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has had enough; what is still buffered must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
