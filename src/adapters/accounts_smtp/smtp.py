"""Delivery over SMTP, with one connection for each mail, because a worker sends few at a time.

A forked process therefore inherits no connection to reuse.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ClassVar, Final, Literal

import aiosmtplib
import attrs

from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.forking import keep_forever, on_fork
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer, MailMessage
from accounts_smtp.headers import MailRefused
from accounts_smtp.messages import compose
from accounts_smtp.replies import NOT_SUPPORTED, Command, Reply
from accounts_smtp.sender import Sender
from accounts_smtp.url import SmtpUrl

TIMEOUT_SECONDS: Final = 20.0
"""Timeout of each reply."""
TOTAL_SECONDS: Final = 60.0
"""Timeout of one mail: a server that replies to each command just in time would block a worker for minutes."""
QUIT_SECONDS: Final = 5.0
"""Timeout of QUIT. The mail is delivered by then."""

logger = logging.getLogger(__name__)

__all__ = ["MailRefused", "SmtpMailer"]


class _Default:
    """TLS context with the system's CAs, created anew in each process because a fork would copy its locks."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = ssl.create_default_context()
        on_fork(self, in_child=_Default._drop)

    def _drop(self) -> None:
        keep_forever(self._context)
        self._context = None

    def get(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context


@attrs.frozen(kw_only=True)
class SmtpMailer:
    """Mailer that delivers over SMTP.

    The server's certificate and name are always verified, with `tls` if it is given, otherwise with the system's CAs.

    Raises `Unavailable` for failures to retry, such as of the login or a policy, and `Undeliverable` for permanent
    failures of the recipient, such as a mailbox that does not exist. `replies` has the rules. Raises `MailRefused` for
    a mail that cannot be composed.
    """

    suspends: ClassVar[Literal[True]] = True

    url: SmtpUrl
    sender: Sender
    public_url: str
    clock: Clock
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    total_seconds: float = TOTAL_SECONDS
    _tls: _Default = attrs.field(factory=_Default, init=False, repr=False, eq=False)

    async def deliver(self, message: MailMessage) -> None:
        mail = compose(message, sender=self.sender, public_url=self.public_url, at=self.clock.now())
        sender, recipient = self.sender.email.address, message.to.address
        # an address beyond ASCII needs a server with SMTPUTF8 (RFC 6531); `compose` has validated both addresses
        options = [] if mail.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            await self._talk(message.kind, lambda server: _send(server, sender, recipient, mail, mail_options=options))
        except Undeliverable as undeliverable:
            # without the address: the user's audit trail identifies the mail
            logger.warning("A mail (%s) is not deliverable: %s.", message.kind, undeliverable.status)
            raise

    async def check(self) -> None:
        """Connect, and log in if configured, without sending a mail. Raises the errors of `deliver`."""
        await self._talk("check", lambda server: server.noop())

    async def _talk(self, what: str, say: Callable[[aiosmtplib.SMTP], Awaitable[object]]) -> None:
        server = self._client()
        try:
            async with asyncio.timeout(self.total_seconds):
                await server.connect()
                await say(server)
        except aiosmtplib.SMTPResponseException as refused:
            raise _explained(refused, what) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise self._away(error) from None
        else:
            with suppress(aiosmtplib.SMTPException, OSError, ValueError):
                await server.quit(timeout=QUIT_SECONDS)
        finally:
            server.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.url.host,
            port=self.url.port,
            username=self.url.user,
            password=self.url.password,
            use_tls=self.url.is_tls,
            # STARTTLS is required, except on the loopback interface
            start_tls=False if self.url.is_tls else None if self.url.is_loopback else True,
            tls_context=self.tls or self._tls.get(),
            timeout=self.timeout_seconds,
        )

    def _away(self, error: Exception) -> Unavailable:
        if (failure := _tls_failure(error)) is not None:
            logger.error("TLS with the mail server %s failed: %s.", self.url, failure.reason or "refused")
        # the error's text may quote the credentials
        return Unavailable(f"The mail server {self.url} did not take a mail: {type(error).__name__}.")


async def _send(server: aiosmtplib.SMTP, sender: str, recipient: str, mail: bytes, *, mail_options: list[str]) -> None:
    """Send a mail after the greeting. Raises `Undeliverable` and the library's errors."""
    try:
        await server.sendmail(sender, [recipient], mail, mail_options=mail_options)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        raise refused.recipients[0] from None
    except aiosmtplib.SMTPNotSupported:
        # after a temporary failure of EHLO the extensions are unknown
        if sender.isascii() and server.supports_esmtp:
            raise Undeliverable(NOT_SUPPORTED) from None
        raise


def _tls_failure(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error in the chain of causes, if any."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _explained(refused: aiosmtplib.SMTPResponseException, what: str) -> Exception:
    # the server's text may quote the address or the credentials
    reply = Reply.of(_COMMANDS.get(type(refused), Command.OTHER), refused.code, refused.message)
    if reply.is_about_recipient:
        return Undeliverable(str(reply))
    return Unavailable(f"The mail server refused a mail ({what}) with {reply}.")


_COMMANDS: Final = {aiosmtplib.SMTPRecipientRefused: Command.RCPT, aiosmtplib.SMTPDataError: Command.DATA}


_: type[Mailer] = SmtpMailer
