"""Real forks, with a limit on how long a child may take: one that hangs is a failure and no stuck test."""

import os
import pickle
import select
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import attrs

SECONDS: Final = 30.0
"""A child that is still not done after so long hangs."""


@attrs.frozen
class Failed:
    """What a child raised."""

    kind: str
    text: str

    @classmethod
    def of(cls, error: BaseException) -> "Failed":
        return cls(type(error).__name__, "".join(traceback.format_exception(error)))


@attrs.frozen
class Child:
    """A process that was forked; it ends by `os._exit`, and nothing of the test's is finalized in it."""

    pid: int
    _answers: int

    def result(self, seconds: float = SECONDS) -> Any:
        """Return what its work returned. Raises `AssertionError` when it hangs, ends otherwise or raises."""
        try:
            answer = self._answer(time.monotonic() + seconds)
        finally:
            self.kill()
        if isinstance(answer, Failed):
            raise AssertionError(f"in the child: {answer.text}")  # noqa: TRY004  no type is wrong
        return answer

    def kill(self) -> None:
        """End it, if it has not ended."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._answers)

    def _answer(self, deadline: float) -> Any:
        said = b""
        while True:
            readable, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise AssertionError("the child hangs")
            more = os.read(self._answers, 65536)
            if not more:
                break
            said += more
        assert said, "the child ended without an answer"
        return pickle.loads(said)


def fork(work: Callable[[], Any]) -> Child:
    """Fork a child that does this work."""
    answers, saying = os.pipe()
    with warnings.catch_warnings():
        # of Python's, when there are other threads; that is what these tests are about
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(saying)
        return Child(pid, answers)
    try:
        os.close(answers)
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001  the parent raises it
            answer = Failed.of(error)
        with os.fdopen(saying, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)


def in_children(*works: Callable[[], Any], meanwhile: Callable[[], Any] = lambda: None) -> Sequence[Any]:
    """Fork one child for each work, do something in the parent meanwhile, and return what the children returned."""
    children = [fork(work) for work in works]
    try:
        with limited():
            meanwhile()
    except BaseException:
        for child in children:
            child.kill()
        raise
    return [child.result() for child in children]


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raise `AssertionError` in what takes longer. For the main thread alone."""

    def give_up(*_: object) -> NoReturn:
        raise AssertionError("the parent hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def held(*locks: Any) -> Iterator[None]:
    """Have another thread hold these locks."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        holding.set()
        done.wait()
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()
