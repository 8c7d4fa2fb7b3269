"""The command in this process, and in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from queue import Empty, Queue
from typing import Any, Final, Protocol, Self, TypeAlias

import attrs
import httpx
import pytest

from accounts_core.errors import RateLimitExceeded
from accounts_core.model.rate_limits import FAILURES, MOST_FAILURES, SIGN_IN
from accounts_core.ports.blocking import BlockingRateLimiter
from accounts_core.sync import run_sync

PASSWORD: Final = "correct horse battery staple"
COMMAND: Final = (sys.executable, "-m", "accounts_cli")
PATIENCE_SECONDS: Final = 30


@attrs.frozen
class CommandResult:
    """How a command ended, and what it said."""

    code: object
    out: str
    err: str


class Run(Protocol):
    """Runs a command in this process; standard input holds `stdin` and is no terminal."""

    def __call__(self, *arguments: str, stdin: str = "") -> CommandResult: ...


@attrs.define
class Served:
    """A command that goes on, such as `accounts serve`, and every line that it has said."""

    process: subprocess.Popen[str]
    lines: list[str] = attrs.field(factory=list)
    _queue: Queue[str | None] = attrs.field(factory=Queue)

    @classmethod
    def start(cls, *arguments: str, **environment: str) -> Self:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
        )
        served = cls(process)
        threading.Thread(target=served._read).start()
        return served

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Wait for a line that matches, and return the match."""
        for line in self.lines:
            if match := re.search(pattern, line):
                return match
        while True:
            try:
                line_or_end = self._queue.get(timeout=PATIENCE_SECONDS)
            except Empty:
                pytest.fail(f"no line like {pattern!r} in time; said so far: {self.lines}")
            if line_or_end is None:
                pytest.fail(f"it ended without a line like {pattern!r}; it said: {self.lines}")
            self.lines.append(line_or_end)
            if match := re.search(pattern, line_or_end):
                return match

    @property
    def url(self) -> str:
        return self.wait_for(r"^Listening on (\S+)")[1]

    @property
    def said(self) -> list[str]:
        """What it has said to people: every line but those of the log."""
        return [line for line in self.lines if not line.startswith("{")]

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The lines of its log, which is JSON where no terminal reads it."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE_SECONDS)

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.process.send_signal(sig)
        return self.end()

    def end(self) -> int:
        code = self.process.wait(PATIENCE_SECONDS)
        while (line := self._queue.get(timeout=PATIENCE_SECONDS)) is not None:
            self.lines.append(line)
        return code


Serve: TypeAlias = Callable[..., Served]


def settings(**values: str) -> dict[str, str]:
    return {f"ACCOUNTS_{name.upper()}": value for name, value in values.items()}


def create(
    run: Run, email: str = "jane@example.org", name: str = "Jane Doe", more: Sequence[str] = ()
) -> CommandResult:
    """Create a user with the usual password."""
    return run("users", "create", "--email", email, "--name", name, "--password-stdin", *more, stdin=f"{PASSWORD}\n")


def fill_failures(limits: BlockingRateLimiter, email: str) -> None:
    """Count as many wrong passwords for an address as there may be in a row."""
    for _ in range(MOST_FAILURES.count):
        run_sync(limits.consume(SIGN_IN, {f"{FAILURES}:{email}": MOST_FAILURES}, now=datetime.now(UTC)))


def is_locked(limits: BlockingRateLimiter, email: str) -> bool:
    """Count one wrong password more, and say whether that is refused."""
    try:
        run_sync(limits.consume(SIGN_IN, {f"{FAILURES}:{email}": MOST_FAILURES}, now=datetime.now(UTC)))
    except RateLimitExceeded:
        return True
    return False
