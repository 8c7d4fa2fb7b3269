"""Several processes of the service on the same sockets, and one above them that starts them again."""

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

from accounts_cli.failures import CommandFailed
from accounts_cli.serving import SHUTDOWN_SECONDS, run_server
from accounts_cli.settings import Settings
from accounts_cli.streams import complain

logger: Final = logging.getLogger("accounts_cli")

GRACE_SECONDS: Final = 5.0
"""How much longer than its own limit a process may take to stop."""
YOUNG_SECONDS: Final = 10.0
"""A process that fails at this age would fail again."""
_LOOK_SECONDS: Final = 0.2


def run_processes(count: int, sockets: Sequence[socket.socket], announce: Callable[[], None]) -> None:
    """Run `count` processes until SIGTERM or SIGINT. One that dies is replaced.

    Raises `CommandFailed` when one fails as soon as it was started.
    """
    told = Event()

    def stop(_: int, __: FrameType | None) -> None:
        told.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    children = [_Child(sockets) for _ in range(count)]
    try:
        announce()
        while not told.is_set():
            connection.wait([child.process.sentinel for child in children], timeout=_LOOK_SECONDS)
            for place, child in enumerate(children):
                if not told.is_set() and not child.process.is_alive():
                    children[place] = child.replaced()
    finally:
        # from now on nobody accepts what comes, so that it has to be refused and not kept waiting until the end
        for listener in sockets:
            listener.close()
        _end(children)
        for each, handler in before.items():
            signal.signal(each, handler)


class _Child:
    """One process, and when it was started."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._sockets = sockets
        self._started = monotonic()
        # spawned, not forked: nothing of this process's threads and connections is in it
        self.process: SpawnProcess = get_context("spawn").Process(target=_run, args=(list(sockets),))
        self.process.start()

    def replaced(self) -> "_Child":
        """Start another in its place. Raises `CommandFailed` when that would only fail as well."""
        if monotonic() - self._started < YOUNG_SECONDS and self.process.exitcode == 1:
            raise CommandFailed("A process of the service could not start; it has said why.")
        complain(f"Process {self.process.pid} died ({self.process.exitcode}), and another one takes its place.")
        return _Child(self._sockets)


def _end(children: Sequence[_Child]) -> None:
    """Have all of them stop, and end those that do not."""
    deadline = monotonic() + SHUTDOWN_SECONDS + GRACE_SECONDS
    for child in children:
        child.process.terminate()
    for child in children:
        child.process.join(max(0.0, deadline - monotonic()))
        if child.process.is_alive():
            child.process.kill()
            child.process.join()


def _run(sockets: list[socket.socket]) -> None:
    """Be one of the processes."""
    Thread(target=_stop_without_parent, daemon=True).start()
    try:
        run_server(Settings.load(os.environ, Path()), sockets, lambda: None)
    except CommandFailed as failure:
        complain(f"accounts: {failure}")
        raise SystemExit(1) from failure
    except Exception as error:
        # multiprocessing would print the traceback as it is, past the log
        logger.critical("The process ends.", exc_info=error)
        raise SystemExit(1) from None


def _stop_without_parent() -> None:
    """Stop when the process above is gone, killed perhaps: nobody else would tell."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
