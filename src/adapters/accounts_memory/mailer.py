from typing import ClassVar, Literal

from accounts_core.ports.blocking import BlockingMailer
from accounts_core.ports.mailer import MailMessage


class MemoryMailer:
    """Keeps what it delivers, in `delivered`; the same message delivered twice is there twice."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self) -> None:
        self.delivered: list[MailMessage] = []
        self._failures: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Raise `error` at the next delivery, which then does not happen. Several wait in line."""
        self._failures.append(error)

    async def deliver(self, message: MailMessage) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.delivered.append(message)


_: type[BlockingMailer] = MemoryMailer
