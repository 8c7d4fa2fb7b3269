"""An example program in a process of its own, in a folder of its own, as a user runs it.

    def test_it_serves(start: Start) -> None:
        program = start("fastapi_app.py")                       # python -m uvicorn fastapi_app:app
        assert program.client.get("/me").status_code == 401
        mail = program.mail_to("jane@example.org", "verify_email")
        ... mail.link, mail.token
        program.stop()                                          # SIGTERM; exit code, output and processes are checked

`database_url` is a fixture: SQLite in the program's folder; PostgreSQL too in `make long`.
"""

import email.policy
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest
from tests.documents import ROOT

EXAMPLES: Final = ROOT / "examples"
PATIENCE_SECONDS: Final = 60.0
"""Far more than anything takes."""
POLL_SECONDS: Final = 0.02

UVICORN: Final = ("-m", "uvicorn", "{module}:app", "--port", "0")
GUNICORN: Final = (
    *("-m", "gunicorn", "{module}:app", "--bind", "127.0.0.1:0", "--no-control-socket"),
    *("--worker-class", "asgi"),
)

_ADDRESS: Final = re.compile(r"(?:Uvicorn running on|Listening at:) (http://127\.0\.0\.1:[1-9]\d*)")
_UNCLEAN: Final = re.compile(
    r"Traceback|Warning\b|\bERROR\b|\[CRITICAL\]|Exception ignored|never awaited|was destroyed but it is pending",
)
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")


@attrs.frozen
class Mail:
    """A mail that the program wrote to its folder."""

    kind: str
    to: str
    subject: str
    text: str

    @classmethod
    def read(cls, file: Path) -> "Mail":
        parsed = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        body = parsed.get_body(("plain",))
        assert body is not None
        return cls(file.name.split(".")[-2], str(parsed["to"]), str(parsed["subject"]), body.get_content())

    @property
    def link(self) -> str:
        """The first link of its text."""
        found = _LINK.search(self.text)
        assert found is not None, self.text
        return found[0]

    @property
    def token(self) -> str:
        """The token in the link, in its query or its fragment."""
        parts = urlsplit(self.link)
        (token,) = parse_qs(parts.query or parts.fragment)["token"]
        return token


@attrs.define(eq=False, slots=False)
class Program:
    """A program that runs until it is stopped."""

    folder: Path
    process: "subprocess.Popen[str]"
    _lines: list[str] = attrs.field(factory=list)
    _heard: threading.Condition = attrs.field(factory=threading.Condition)
    _has_ended: bool = False

    @property
    def output(self) -> str:
        """What it has written to standard output and standard error so far."""
        with self._heard:
            return "".join(self._lines)

    def wait_for(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """Wait for a line of the output that matches, and return the match."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._heard:
            while True:
                found = next((match for line in self._lines if (match := re.search(pattern, line))), None)
                if found is not None:
                    return found
                if self._has_ended or time.monotonic() > deadline:
                    pytest.fail(f"no line like {pattern!r}; it wrote:\n{''.join(self._lines)}")
                self._heard.wait(0.2)

    @cached_property
    def url(self) -> str:
        """The address that it listens on, taken from its output."""
        return str(self.wait_for(_ADDRESS)[1])

    @cached_property
    def client(self) -> httpx.Client:
        """A client of that address, closed when the program is stopped."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE_SECONDS, follow_redirects=False)

    def wait_until_ready(self, path: str = "/") -> None:
        """Wait until it answers, with whatever status."""
        until(lambda: self._answers(path), lambda: f"it does not answer; it wrote:\n{self.output}")

    def _answers(self, path: str) -> bool:
        if self.process.poll() is not None:
            pytest.fail(f"it ended with {self.process.returncode}; it wrote:\n{self.output}")
        with suppress(httpx.TransportError):
            httpx.get(self.url + path, trust_env=False, timeout=PATIENCE_SECONDS)
            return True
        return False

    def mails(self) -> list[Mail]:
        """Return the mails that it wrote to its folder so far, in order."""
        files = sorted(self.folder.rglob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return [Mail.read(file) for file in files]

    def mail_to(self, address: str, kind: str) -> Mail:
        """Wait for a mail of this kind, such as `verify_email`, and return the latest."""
        found: list[Mail] = []

        def arrived() -> bool:
            found[:] = [mail for mail in self.mails() if (mail.to, mail.kind) == (address, kind)]
            return bool(found)

        until(arrived, lambda: f"no mail {kind!r} to {address}; it wrote:\n{self.output}")
        return found[-1]

    def send_signal(self, number: int) -> None:
        """Send a signal to its first process."""
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, *, unclean: str | None = None) -> str:
        """Stop it by a signal, and return its output.

        It has to end with 0, or as uvicorn does by the signal itself, without an error, a warning or a process left.

        Args:
            number: The signal.
            unclean: A regular expression of lines that may look like errors.

        """
        self.send_signal(number)
        code = self._end()
        assert code in {0, -number}, f"it ended with {code}; it wrote:\n{self.output}"
        require_clean(self.output, unclean)
        return self.output

    def _end(self) -> int:
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it does not stop; it wrote:\n{self.output}")
        if "client" in vars(self):
            self.client.close()
        until(lambda: not self._has_processes(), lambda: f"a process is left; it wrote:\n{self.output}")
        until(lambda: self._has_ended, lambda: "its output has no end")
        return code

    def kill(self) -> None:
        """End all of it at once, whatever it does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._end()

    def _has_processes(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._heard:
                    self._lines.append(line)
                    self._heard.notify_all()
        with self._heard:
            self._has_ended = True
            self._heard.notify_all()


Start: TypeAlias = Callable[..., Program]
RunScript: TypeAlias = Callable[..., str]


def until(so: Callable[[], bool], failed: Callable[[], str]) -> None:
    """Wait until something is so, or fail with a text."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not so():
        if time.monotonic() > deadline:
            pytest.fail(failed())
        time.sleep(POLL_SECONDS)


def require_clean(output: str, unclean: str | None = None) -> None:
    """Fail if the output has a traceback, an error or a warning, except in lines that match `unclean`."""
    lines = [line for line in output.splitlines() if _UNCLEAN.search(line)]
    assert [line for line in lines if unclean is None or not re.search(unclean, line)] == [], output


def copied(program: str | Path, folder: Path) -> str:
    """Copy a program (a name in `examples`, or a path) to the folder, and return its module's name."""
    source = EXAMPLES / program if isinstance(program, str) else program
    shutil.copy(source, folder / source.name)
    return source.stem


def command(arguments: Sequence[str], module: str) -> list[str]:
    """Return the command line of Python with these arguments, in which `{module}` is the program's."""
    return [sys.executable, *(argument.format(module=module) for argument in arguments)]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return an environment without settings of this one, but with those given. Warnings are shown, never hidden."""
    base = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    # Python 3.13 tells of SQLite connections that are open when a program ends
    shown = {"PYTHONWARNINGS": "default,ignore::ResourceWarning", "PYTHONUNBUFFERED": "1", "HOME": str(folder)}
    return base | shown | settings


def launch(arguments: Sequence[str], module: str, folder: Path, **settings: str) -> Program:
    """Start Python in the folder, in a process group of its own."""
    process: subprocess.Popen[str] = subprocess.Popen(
        command(arguments, module),
        cwd=folder,
        env=environment(folder, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    program = Program(folder, process)
    threading.Thread(target=program._read, daemon=True).start()
    return program


def bearer(token: str) -> dict[str, Any]:
    """Return the header that an access token is sent in."""
    return {"Authorization": f"Bearer {token}"}
