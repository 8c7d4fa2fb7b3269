"""Use standard input, output and error safely, also when they are closed, full or a pipe without a reader."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_READ, _WRITE, _ERROR = range(3)


class OutputFailed(Exception):
    """Standard output cannot be written. `is_unread` is set where its reader has closed the pipe."""

    def __init__(self, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        super().__init__(f"Standard output cannot be written: {reason}.")
        self.is_unread = isinstance(error, BrokenPipeError)


class _Closed(io.TextIOBase):
    """Stands in for standard output that was closed before the command began."""

    encoding = "utf-8"

    def write(self, _: str) -> int:
        raise OSError(9, os.strerror(9))


def open_streams() -> None:
    """Open those of the three streams that are closed.

    The next file that is opened, such as the database, would otherwise get the descriptor of a standard stream, and
    output would be written into that file.
    """
    for descriptor in (_READ, _WRITE, _ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor, which is this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115,PTH123  open until the process ends
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115,PTH123  open until the process ends


def require_output() -> None:
    """Raise `OutputFailed` when standard output is closed, before a command changes anything it cannot report."""
    if isinstance(sys.stdout, _Closed):
        raise OutputFailed(OSError(9, os.strerror(9)))


def say(text: str = "", *, end: str = "\n") -> None:
    """Write a line to standard output and flush it, with escapes for characters that its encoding lacks.

    Raises:
        OutputFailed: Standard output cannot be written.

    """
    try:
        _write(sys.stdout, text + end)
    except (OSError, ValueError) as error:
        _drop(sys.stdout)
        raise OutputFailed(error) from error


def announce(text: str) -> None:
    """Write a line as `say` does, and ignore a failure: a service keeps running without its output."""
    with suppress(OutputFailed):
        say(text)


def complain(text: str, *, end: str = "\n") -> None:
    """Write a line to standard error, and ignore a failure."""
    try:
        _write(sys.stderr, text + end)
    except (OSError, ValueError):
        _drop(sys.stderr)


def finish_output() -> None:
    """Flush both streams, so that nothing fails at the end of the process. Raises `OutputFailed`."""
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
    """Redirect the stream to the null device, so that its buffer does not fail again at the end."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, stream.fileno())
        finally:
            os.close(null)
