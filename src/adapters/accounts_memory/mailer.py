from typing import ClassVar, Literal

from accounts_core.ports.blocking import BlockingMailer
from accounts_core.ports.mailer import MailMessage


class MemoryMailer:
    """Mailer that appends each message to `delivered`, including repeated deliveries."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self) -> None:
        self.delivered: list[MailMessage] = []
        self._failures: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Raise `error` instead of the next delivery. Several errors are queued."""
        self._failures.append(error)

    async def deliver(self, message: MailMessage) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.delivered.append(message)


_: type[BlockingMailer] = MemoryMailer
