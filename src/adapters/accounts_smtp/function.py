"""Delivery by a function of the host application, such as a call of a mail service's API."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final, Literal

import attrs

from accounts_core.errors import AccountsError, Unavailable
from accounts_core.ports.blocking import BlockingMailer
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer, MailMessage
from accounts_smtp.composer import ComposedMail, MailComposer

log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class FunctionMailer:
    """Mailer that calls `send` with each mail: an `async def` function is awaited, any other runs in a thread.

    It may raise `Unavailable` for a failure to retry, and `Undeliverable` for one because of the recipient. Any other
    error becomes `Unavailable`. The same mail may come again, with the same `id`.
    """

    suspends: ClassVar[Literal[True]] = True

    send: Callable[[ComposedMail], object] | Callable[[ComposedMail], Awaitable[object]]
    composer: MailComposer
    clock: Clock

    async def deliver(self, message: MailMessage) -> None:
        mail = self.composer.compose(message, at=self.clock.now())
        try:
            if inspect.iscoroutinefunction(self.send):
                await self.send(mail)
            else:
                sent = await asyncio.to_thread(self.send, mail)
                if inspect.isawaitable(sent):  # of a callable object, or of a function that returns a coroutine
                    await sent
        except AccountsError:
            raise
        except Exception as error:
            raise _away(error, message) from error


@attrs.frozen(kw_only=True)
class BlockingFunctionMailer:
    """`FunctionMailer` for applications without an event loop: `send` is called in this thread."""

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    send: Callable[[ComposedMail], object]
    composer: MailComposer
    clock: Clock

    async def deliver(self, message: MailMessage) -> None:
        mail = self.composer.compose(message, at=self.clock.now())
        try:
            self.send(mail)
        except AccountsError:
            raise
        except Exception as error:
            raise _away(error, message) from error


def _away(error: Exception, message: MailMessage) -> Unavailable:
    log.warning("A mail (%s) was not sent: %s.", message.kind, type(error).__name__)
    # the error's text may quote the mail
    return Unavailable(f"A mail was not sent: {type(error).__name__}.")


_: type[Mailer] = FunctionMailer
_blocking: type[BlockingMailer] = BlockingFunctionMailer
