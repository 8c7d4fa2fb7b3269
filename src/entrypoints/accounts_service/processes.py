"""Run several processes of the service on the same sockets, and replace those that die."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import FrameType
from typing import Final

from accounts_service.errors import ServiceError
from accounts_service.server import SHUTDOWN_SECONDS, run_server
from accounts_service.settings import Settings

logger: Final = logging.getLogger("accounts_service")

GRACE_SECONDS: Final = 5.0
"""Time beyond its own limit that a process has to stop before it is killed."""
MIN_AGE_SECONDS: Final = 10.0
"""A process that fails before this age would fail again, so it is not replaced."""
_POLL_SECONDS: Final = 0.2


def run_processes(
    count: int, sockets: Sequence[socket.socket], announce: Callable[[], None], warn: Callable[[str], None]
) -> None:
    """Run `count` processes until SIGTERM or SIGINT, and replace each that dies.

    Args:
        count: Number of processes.
        sockets: Listening sockets; they are closed when the processes stop.
        announce: Called once the processes are started.
        warn: Takes each line about a process that ended. It is pickled, so it must be a module's function.

    Raises:
        ServiceError: A process failed within `MIN_AGE_SECONDS` of its start.

    """
    stopping = Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    children = [_Child(sockets, warn) for _ in range(count)]
    try:
        announce()
        while not stopping.is_set():
            connection.wait([child.process.sentinel for child in children], timeout=_POLL_SECONDS)
            for index, child in enumerate(children):
                if not stopping.is_set() and not child.process.is_alive():
                    children[index] = child.replace()
    finally:
        # no process accepts connections any more: refuse them instead of letting them wait in the backlog
        for listener in sockets:
            listener.close()
        _stop(children)
        for each, handler in before.items():
            signal.signal(each, handler)


class _Child:
    """One process, and the time of its start."""

    def __init__(self, sockets: Sequence[socket.socket], warn: Callable[[str], None]) -> None:
        self._sockets = sockets
        self._warn = warn
        self._started = monotonic()
        # spawned, not forked: it inherits no thread and no connection
        self.process: SpawnProcess = get_context("spawn").Process(target=_run, args=(list(sockets), warn))
        self.process.start()

    def replace(self) -> "_Child":
        """Start another process in its place. Raises `ServiceError` when that would fail as well."""
        if monotonic() - self._started < MIN_AGE_SECONDS and self.process.exitcode == 1:
            raise ServiceError("A process of the service could not start; its error is above.")
        self._warn(f"Process {self.process.pid} died ({self.process.exitcode}) and is replaced.")
        return _Child(self._sockets, self._warn)


def _stop(children: Sequence[_Child]) -> None:
    """Terminate all processes, and kill those that do not stop in time."""
    deadline = monotonic() + SHUTDOWN_SECONDS + GRACE_SECONDS
    for child in children:
        child.process.terminate()
    for child in children:
        child.process.join(max(0.0, deadline - monotonic()))
        if child.process.is_alive():
            child.process.kill()
            child.process.join()


def _run(sockets: list[socket.socket], warn: Callable[[str], None]) -> None:
    """Run one of the processes."""
    Thread(target=_stop_without_parent, daemon=True).start()
    try:
        run_server(Settings.load(os.environ, Path()), sockets, lambda: None)
    except ServiceError as failure:
        warn(f"accounts: {failure}")
        raise SystemExit(1) from failure
    except Exception as error:
        # multiprocessing would print the traceback as it is, past the log
        logger.critical("The process ends.", exc_info=error)
        raise SystemExit(1) from None


def _stop_without_parent() -> None:
    """Stop when the parent process is gone: a parent that was killed sends no signal."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
