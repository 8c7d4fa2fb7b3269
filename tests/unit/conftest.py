"""Unit tests alone touch no network, file or event loop: here that is held, not hoped for.

The guard is up while a unit test is set up, called and torn down. An audit hook sees what the interpreter is
about to do, whoever asks. A refusal is remembered, so that code which swallows it cannot hide it.

Allowed all the same: reading what an import may read (the standard library, installed packages, `src` and
`tests`), what the tools write for themselves (byte code, Hypothesis's own store), and SQLite in memory.
"""

import asyncio
import os
import sys
import sysconfig
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import pytest

RULE = "A unit test touches no network, file or event loop"

ROOT = Path(__file__).resolve().parents[2]
READABLE = (
    *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(Path(entry).resolve() for entry in sys.path if entry.endswith(".zip")),  # the zipped standard library
    ROOT / "src",
    ROOT / "tests",
)
TOOLS = {"__pycache__", ".hypothesis"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir", "symlink", "truncate", "utime")
FILE_CHANGES = {f"os.{verb}" for verb in CHANGES}
PROCESSES = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}


class Guard:
    """Down until a unit test runs, because an audit hook cannot be taken away again."""

    def __init__(self) -> None:
        self.up = False
        self.refusals: list[str] = []
        self.outsiders: set[int | None] = set()

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Watch this thread and those it starts; a server that another test keeps running is left alone."""
        self.refusals.clear()
        self.outsiders = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        self.up = True
        try:
            yield
        finally:
            self.up = False
        if self.refusals:
            pytest.fail(self.refusals[0], pytrace=False)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.up and is_forbidden(event, arguments) and threading.get_ident() not in self.outsiders:
            self.refuse(f"{event} {arguments!r}")

    def refuse(self, what: str) -> None:
        refusal = f"{RULE}, and this one did: {what}. It belongs in tests/integration."
        self.refusals.append(refusal)
        pytest.fail(refusal)


def is_forbidden(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        return is_foreign_file(*arguments)
    if event == "sqlite3.connect":
        return arguments[0] != ":memory:"
    if event in FILE_CHANGES:
        return not all(is_a_tools(path) for path in arguments if isinstance(path, str | bytes | os.PathLike))
    return event in PROCESSES or event.startswith("socket.")


def is_foreign_file(path: object, mode: object, flags: object) -> bool:
    if not isinstance(path, str | bytes | os.PathLike) or is_a_tools(path):
        return False  # a number is a file that is open already
    if path == "<unknown>":
        return False  # Python 3.13 looks for the line of a syntax error, in what a traceback has it parse
    if isinstance(flags, int) and flags & WRITING:
        return True
    return not any(Path(os.fsdecode(path)).resolve().is_relative_to(root) for root in READABLE)


def is_a_tools(path: "str | bytes | os.PathLike[str]") -> bool:
    name = os.fsdecode(path)
    return name == os.devnull or not TOOLS.isdisjoint(PurePath(name).parts)


guard = Guard()
sys.addaudithook(guard.audit)


def refuse_event_loop(loop: asyncio.BaseEventLoop) -> None:
    loop._closed = True  # type: ignore[attr-defined]  # else its finalizer complains as well
    guard.refuse(f"an event loop ({type(loop).__name__})")


@contextmanager
def guarded() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "__init__", refuse_event_loop)
        with guard.raised():
            yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    with guarded():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    with guarded():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    if nextitem is None:  # then all that other tests have opened ends as well, and may touch what it likes
        yield
        return
    with guarded():
        yield
