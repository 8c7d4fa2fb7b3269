"""Delivery by a function of the host application, such as a call of a mail service's API."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final, Literal

import attrs

from accounts_core.errors import AccountsError, ConfigurationError, Unavailable
from accounts_core.ports.blocking import BlockingMailer
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer, MailMessage
from accounts_smtp.composer import ComposedMail, MailComposer

log: Final = logging.getLogger(__name__)
_NOT_AWAITED: Final = "BlockingFunctionMailer calls its function without an event loop: `send` is a plain `def`."


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
    """`FunctionMailer` for applications without an event loop: `send` is called in this thread.

    Raises:
        ConfigurationError: `send` is an `async def` function. Nothing would await it, and so it would send no mail.

    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    send: Callable[[ComposedMail], object] = attrs.field()
    composer: MailComposer
    clock: Clock

    @send.validator
    def _check_send(self, _: object, send: object) -> None:
        if inspect.iscoroutinefunction(send) or inspect.iscoroutinefunction(getattr(send, "__call__", None)):  # noqa: B004  of an object with an `async def __call__`
            raise ConfigurationError(_NOT_AWAITED)

    async def deliver(self, message: MailMessage) -> None:
        mail = self.composer.compose(message, at=self.clock.now())
        try:
            sent = self.send(mail)
        except AccountsError:
            raise
        except Exception as error:
            raise _away(error, message) from error
        if inspect.isawaitable(sent):  # of a function that returns a coroutine
            if inspect.iscoroutine(sent):
                sent.close()
            raise ConfigurationError(_NOT_AWAITED)


def _away(error: Exception, message: MailMessage) -> Unavailable:
    log.warning("A mail (%s) was not sent: %s.", message.kind, type(error).__name__)
    # the error's text may quote the mail
    return Unavailable(f"A mail was not sent: {type(error).__name__}.")


_: type[Mailer] = FunctionMailer
_blocking: type[BlockingMailer] = BlockingFunctionMailer
