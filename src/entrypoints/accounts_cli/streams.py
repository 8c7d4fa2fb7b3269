"""Standard input, output and error, whatever they are: closed, full, or a pipe that nobody reads."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_READ, _WRITE, _ERROR = range(3)


class OutputFailed(Exception):
    """Standard output cannot be written. `is_unread`: whoever read it has had enough, which is no news to them."""

    def __init__(self, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        super().__init__(f"Standard output cannot be written: {reason}.")
        self.is_unread = isinstance(error, BrokenPipeError)


class _Closed(io.TextIOBase):
    """Standard output that was closed before the command began."""

    encoding = "utf-8"

    def write(self, _: str) -> int:
        raise OSError(9, os.strerror(9))


def open_streams() -> None:
    """Have all three streams there.

    A descriptor that is closed would be given to the next file that is opened, such as the database, and whatever
    writes to standard output or error would write into that.
    """
    for descriptor in (_READ, _WRITE, _ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115,PTH123  open until the process ends
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115,PTH123  open until the process ends


def require_output() -> None:
    """Raise `OutputFailed` where standard output is closed: before anything is done that could not be told."""
    if isinstance(sys.stdout, _Closed):
        raise OutputFailed(OSError(9, os.strerror(9)))


def say(text: str = "", *, end: str = "\n") -> None:
    """Write a line to standard output, at once. What the terminal's encoding does not have is written as an escape.

    Raises `OutputFailed`.
    """
    try:
        _write(sys.stdout, text + end)
    except (OSError, ValueError) as error:
        _drop(sys.stdout)
        raise OutputFailed(error) from error


def announce(text: str) -> None:
    """Write a line as `say` does, for a service, which goes on where nobody can read it."""
    with suppress(OutputFailed):
        say(text)


def complain(text: str, *, end: str = "\n") -> None:
    """Write a line to standard error, if it can be written."""
    try:
        _write(sys.stderr, text + end)
    except (OSError, ValueError):
        _drop(sys.stderr)


def finish_output() -> None:
    """Write what is left in both streams. Raises `OutputFailed`; nothing fails again when the process ends."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _drop(sys.stderr)
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        _drop(sys.stdout)
        raise OutputFailed(error) from error


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _drop(stream: TextIO) -> None:
    """Send the stream nowhere from now on: what is still buffered must not fail again at the end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
