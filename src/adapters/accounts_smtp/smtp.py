"""Delivery over SMTP, with one connection for each mail, because a worker sends few at a time.

A forked process therefore inherits no connection to reuse.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ClassVar, Final, Literal

import attrs

try:
    import aiosmtplib
except ModuleNotFoundError as error:
    error.add_note(f'accounts_smtp.smtp needs {error.name}: pip install "accounts-core[smtp]"')
    raise

from accounts_core.errors import Undeliverable
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import Mailer, MailMessage
from accounts_smtp.composer import MailComposer
from accounts_smtp.headers import MailRefused
from accounts_smtp.replies import NOT_SUPPORTED, Command, Reply
from accounts_smtp.spans import QUIT_SECONDS, TIMEOUT_SECONDS, TOTAL_SECONDS
from accounts_smtp.tls import DefaultContext, unavailable
from accounts_smtp.url import SmtpUrl

logger = logging.getLogger(__name__)

__all__ = ["MailRefused", "SmtpMailer"]


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
    composer: MailComposer
    clock: Clock
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    total_seconds: float = TOTAL_SECONDS
    _tls: DefaultContext = attrs.field(factory=DefaultContext, init=False, repr=False, eq=False)

    async def deliver(self, message: MailMessage) -> None:
        mail = self.composer.compose(message, at=self.clock.now()).as_bytes()
        sender, recipient = self.composer.sender.email.address, message.to.address
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
            raise unavailable(self.url, error) from None
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


def _explained(refused: aiosmtplib.SMTPResponseException, what: str) -> Exception:
    # the server's text may quote the address or the credentials
    return Reply.of(_COMMANDS.get(type(refused), Command.OTHER), refused.code, refused.message).to_error(what)


_COMMANDS: Final = {aiosmtplib.SMTPRecipientRefused: Command.RCPT, aiosmtplib.SMTPDataError: Command.DATA}


_: type[Mailer] = SmtpMailer
