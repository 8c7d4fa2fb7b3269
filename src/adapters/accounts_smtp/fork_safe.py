"""A lock around Jinja2 and Babel, whose own locks a child of a fork would inherit locked if a thread held them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

from accounts_core.forking import on_fork


class _Lock:
    def __init__(self) -> None:
        self.lock = RLock()
        on_fork(self, before=_Lock._hold, in_parent=_Lock._release, in_child=_Lock._renew)

    def _hold(self) -> None:
        self.lock.acquire()

    def _release(self) -> None:
        self.lock.release()

    def _renew(self) -> None:
        self.lock = RLock()


_lock: Final = _Lock()


@contextmanager
def rendering() -> Iterator[None]:
    """Delay forks of this process until the block is left."""
    with _lock.lock:
        yield
