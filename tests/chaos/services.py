"""Commands of `accounts`, each in a process of its own, started cheaply and ended roughly."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, Final

import attrs

FORK_SERVER: Final = Path(__file__).with_name("fork_server.py")
PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.005


class Ended(Exception):
    """The program ended, or did not get so far in time. The text is what it said."""


@attrs.frozen
class Program:
    """A process, and the file with everything that it says."""

    pid: int
    _said: Path

    @property
    def said(self) -> str:
        return self._said.read_text() if self._said.exists() else ""

    @property
    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait_until_it_listens(self) -> str:
        """Return its URL. Raises `Ended`."""
        return self.wait_for(r"^Listening on (\S+)")[1]

    @property
    def complaints(self) -> list[str]:
        """The lines that only a defect would write."""
        return [line for line in self.said.splitlines() if "Traceback" in line or _is_error(line)]

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Wait for a line that matches. Raises `Ended`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            was_alive = self.is_alive
            if match := re.search(pattern, self.said, re.MULTILINE):
                return match
            if not was_alive or time.monotonic() > deadline:
                raise Ended(f"No line like {pattern!r} from {self.pid}; it said: {self.said}")
            time.sleep(LOOK_SECONDS)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """Have it finish what it does, and end."""
        self._signal(signal.SIGTERM)
        self.wait()

    def pause(self) -> None:
        """Take the processor from it, as a suspended machine does."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.is_alive:
            if time.monotonic() > deadline:
                raise Ended(f"{self.pid} does not end; it said: {self.said}")
            time.sleep(LOOK_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _is_error(line: str) -> bool:
    """Say whether a line of the log tells of a failure. What is not JSON was said to a person."""
    try:
        return json.loads(line)["level"] in {"error", "critical"}
    except (json.JSONDecodeError, TypeError):
        return False


@attrs.frozen
class ForkServer:
    """Where programs are forked from."""

    _requests: IO[str]
    _answers: IO[str]

    def fork(self, **program: object) -> int:
        self._requests.write(json.dumps(program) + "\n")
        self._requests.flush()
        return int(self._answers.readline())


@attrs.frozen
class Programs:
    """Starts programs in one folder. What they say goes to files in `logs`, there as well unless it is given."""

    folder: Path
    _server: ForkServer
    logs: Path = attrs.field(default=attrs.Factory(lambda self: self.folder, takes_self=True), kw_only=True)
    started: list[Program] = attrs.field(factory=list)
    _numbers: Iterator[int] = attrs.field(factory=count, init=False)

    def start(self, *arguments: str, **settings: str) -> Program:
        """Start `accounts` with these arguments and these settings."""
        said = self.logs / f"said-{next(self._numbers)}.txt"
        pid = self._server.fork(arguments=arguments, settings=settings, folder=str(self.folder), said=str(said))
        started = Program(pid, said)
        self.started.append(started)
        return started

    def run(self, *arguments: str, **settings: str) -> str:
        """Start it, wait for its end, and return what it said."""
        program = self.start(*arguments, **settings)
        program.wait()
        return program.said

    @property
    def complaints(self) -> list[str]:
        return [line for program in self.started for line in program.complaints]

    def end(self) -> None:
        """Kill what still runs."""
        for program in self.started:
            program.kill()


@contextmanager
def running_fork_server() -> Iterator[ForkServer]:
    """Start the process that all others are forked from. They inherit no settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    server = subprocess.Popen(
        [sys.executable, str(FORK_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server, server.stdin as requests, server.stdout as answers:
        yield ForkServer(requests, answers)
        requests.close()
        server.wait(PATIENCE_SECONDS)
