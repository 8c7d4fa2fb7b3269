"""What is asked at a terminal: a real one, as the command sees it."""

import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Self

import attrs
import httpx
import pytest
from tests.integration.cli.harness import COMMAND, PASSWORD, PATIENCE_SECONDS, Run, create

pytestmark = pytest.mark.long

Open = Callable[..., "Terminal"]
CREATE = ("users", "create", "--email", "jane@example.org", "--name", "Jane Doe")
DELETE = ("users", "delete", "jane@example.org")


@attrs.define
class Terminal:
    """A command at a terminal of its own, and all that was written there."""

    process: "subprocess.Popen[bytes]"
    screen: str = ""
    _handle: int = attrs.field(kw_only=True)

    @classmethod
    def open(cls, *arguments: str) -> Self:
        ours, theirs = os.openpty()
        # tests that a shell runs in the background ignore SIGINT, and a process inherits that
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
            )
        finally:
            signal.signal(signal.SIGINT, before)
        os.close(theirs)
        return cls(process, handle=ours)

    def wait_for(self, text: str) -> None:
        while text not in self.screen:
            assert self._read(), f"it ended without {text!r}; it said: {self.screen}"

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def end(self) -> int:
        while self._read():
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def interrupt(self) -> None:
        """Press Ctrl+C, and again when nothing happens: one in the moment before the read begins is not noticed."""
        for _ in range(5):
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                continue
            return

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._handle)

    def _read(self) -> bool:
        """Read what has been written meanwhile; False at the end."""
        ready, _, _ = select.select([self._handle], [], [], PATIENCE_SECONDS)
        assert ready, f"nothing comes; so far: {self.screen}"
        try:
            data = os.read(self._handle, 4096)
        except OSError:  # how Linux says that the other side was closed
            return False
        self.screen += data.decode().replace("\r\n", "\n")
        return bool(data)


@pytest.fixture
def terminal(run: Run) -> Iterator[Open]:
    """Open terminals in a folder with a migrated database."""
    assert run("migrate").code == 0
    opened: list[Terminal] = []

    def open_one(*arguments: str) -> Terminal:
        opened.append(Terminal.open(*arguments))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_a_password_is_asked_for_twice_and_never_shown(terminal: Open, run: Run) -> None:
    asked = terminal(*CREATE)
    asked.wait_for("Password: ")
    asked.type(f"{PASSWORD}\n")
    asked.wait_for("Repeat password: ")
    asked.type(f"{PASSWORD}\n")

    assert asked.end() == 0
    assert asked.screen.endswith("Created user 1, jane@example.org.\n")
    assert PASSWORD not in asked.screen


def test_two_different_passwords_create_nobody(terminal: Open, run: Run) -> None:
    asked = terminal(*CREATE)
    asked.wait_for("Password: ")
    asked.type(f"{PASSWORD}\n")
    asked.wait_for("Repeat password: ")
    asked.type(f"{PASSWORD}!\n")

    assert asked.end() == 1
    assert asked.screen.endswith("accounts: The passwords do not match.\n")
    assert run("users", "show", "1").code == 1


def test_an_end_of_input_instead_of_a_password_is_no_defect(terminal: Open) -> None:
    asked = terminal(*CREATE)
    asked.wait_for("Password: ")
    asked.type("\x04")

    assert asked.end() == 1
    assert asked.screen.endswith("accounts: No password was entered.\n")


@pytest.mark.parametrize("answer", ["yes", " YES "])
def test_a_user_is_deleted_after_a_yes(terminal: Open, run: Run, answer: str) -> None:
    create(run)
    asked = terminal(*DELETE)
    asked.wait_for("Delete jane@example.org? Type yes: ")
    asked.type(f"{answer}\n")

    assert asked.end() == 0
    assert run("users", "show", "1").code == 1


@pytest.mark.parametrize("answer", ["y\n", "\x04"])
def test_anything_else_is_no(terminal: Open, run: Run, answer: str) -> None:
    create(run)
    asked = terminal(*DELETE)
    asked.wait_for("Type yes: ")
    asked.type(answer)

    assert asked.end() == 1
    assert asked.screen.endswith("accounts: Nothing was deleted.\n")
    assert run("users", "show", "1").code == 0


def test_at_a_terminal_the_log_is_for_people_to_read(terminal: Open) -> None:
    served = terminal("serve", "--port", "0")
    served.wait_for("(reference and try-out: ")
    url = re.findall(r"Listening on (\S+)", served.screen)[0]
    httpx.get(f"{url}/api/users/current", trust_env=False)
    served.wait_for("error=MissingToken")
    served.process.send_signal(signal.SIGTERM)

    assert served.end() == 0
    (line,) = [line for line in served.screen.splitlines() if "MissingToken" in line]
    assert re.match(r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00 INFO +accounts_http\.access_log: Request  request_id=\w", line)


@pytest.mark.parametrize(("command", "question"), [(CREATE, "Password: "), (DELETE, "Type yes: ")])
def test_an_interruption_ends_it_at_once_and_quietly(
    terminal: Open, run: Run, command: tuple[str, ...], question: str
) -> None:
    create(run)
    asked = terminal(*command)
    asked.wait_for(question)
    before = asked.screen
    asked.interrupt()

    assert asked.end() == 130
    assert asked.screen.strip() == before.strip()
    assert run("users", "show", "1").code == 0
