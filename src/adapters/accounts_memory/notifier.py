from typing import ClassVar, Literal

from accounts_core.ports.blocking import BlockingNotifier
from accounts_core.ports.notifier import Notice


class MemoryNotifier:
    """Keeps what it delivers, in `delivered`; the same notice delivered twice is there twice."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self) -> None:
        self.delivered: list[Notice] = []
        self._failures: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Raise `error` at the next delivery, which then does not happen. Several wait in line."""
        self._failures.append(error)

    async def deliver(self, notice: Notice) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.delivered.append(notice)


_: type[BlockingNotifier] = MemoryNotifier
