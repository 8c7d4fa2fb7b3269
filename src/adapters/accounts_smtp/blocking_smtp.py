"""Delivery over SMTP for applications without an event loop, with one connection for each mail."""

import io
import logging
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, Final, Literal

import attrs

from accounts_core.errors import Undeliverable
from accounts_core.ports.blocking import BlockingMailer
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import MailMessage
from accounts_smtp.composer import MailComposer
from accounts_smtp.replies import NOT_SUPPORTED, Command, Reply
from accounts_smtp.spans import QUIT_SECONDS, TIMEOUT_SECONDS, TOTAL_SECONDS
from accounts_smtp.tls import DefaultContext, unavailable
from accounts_smtp.url import SmtpUrl

logger: Final = logging.getLogger(__name__)

_MAX_REPLY: Final = 64 * 1024
"""Most bytes of a reply, which `smtplib` keeps line by line until the last one."""


@attrs.frozen(kw_only=True)
class BlockingSmtpMailer:
    """`SmtpMailer` without an event loop: the same rules of TLS, timeouts and errors, with `smtplib`."""

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

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
            self._talk(message.kind, lambda server: _send(server, sender, recipient, mail, options))
        except Undeliverable as undeliverable:
            # without the address: the user's audit trail identifies the mail
            logger.warning("A mail (%s) is not deliverable: %s.", message.kind, undeliverable.status)
            raise

    def check(self) -> None:
        """Connect, and log in if configured, without sending a mail. Raises the errors of `deliver`."""
        self._talk("check", lambda server: server.noop())

    def _talk(self, what: str, say: Callable[[smtplib.SMTP], object]) -> None:
        server: _Client | None = None
        try:
            server = self._connect()
            self._secure(server)
            say(server)
        except smtplib.SMTPRecipientsRefused as refused:
            (code, text), *_ = refused.recipients.values()
            raise _reply(Command.RCPT, code, text).to_error(what) from None
        except smtplib.SMTPResponseException as refused:
            command = Command.DATA if isinstance(refused, smtplib.SMTPDataError) else Command.OTHER
            raise _reply(command, refused.smtp_code, refused.smtp_error).to_error(what) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise unavailable(self.url, error) from None
        else:
            server.end_within(QUIT_SECONDS)
            with suppress(smtplib.SMTPException, OSError, ValueError):
                server.quit()
        finally:
            if server is not None:
                server.close()

    def _connect(self) -> "_Client":
        client = _TlsClient if self.url.is_tls else _Client
        return client(self.url, self.tls or self._tls.get(), self.timeout_seconds, self.total_seconds)

    def _secure(self, server: "_Client") -> None:
        server.ehlo_or_helo_if_needed()
        # STARTTLS is required, except on the loopback interface
        if not self.url.is_tls and (server.has_extn("starttls") or not self.url.is_loopback):
            server.starttls(context=self.tls or self._tls.get())
        if self.url.user is not None and self.url.password is not None:
            server.login(self.url.user, self.url.password)


class _Client(smtplib.SMTP):
    """Client whose connection ends in time, also if the server sends a byte of a reply now and then."""

    def __init__(self, url: SmtpUrl, context: ssl.SSLContext, timeout: float, total: float) -> None:
        self._each = timeout
        self.room = _MAX_REPLY
        self.end_within(total)
        self._open(url, context)

    def _open(self, url: SmtpUrl, context: ssl.SSLContext) -> None:  # noqa: ARG002  for STARTTLS it is given later
        smtplib.SMTP.__init__(self, url.host, url.port, timeout=self.left())

    def end_within(self, seconds: float) -> None:
        """Set the time after which each command fails."""
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Return the timeout of the next step. Raises `TimeoutError`."""
        seconds = min(self._each, self._end - monotonic())
        if seconds <= 0:
            raise TimeoutError("The mail server took too long.")
        return seconds

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        self.room = _MAX_REPLY
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Bounded(self))
        return super().getreply()


class _TlsClient(_Client, smtplib.SMTP_SSL):
    """Client with implicit TLS."""

    def _open(self, url: SmtpUrl, context: ssl.SSLContext) -> None:
        smtplib.SMTP_SSL.__init__(self, url.host, url.port, timeout=self.left(), context=context)


class _Bounded(io.RawIOBase):
    """The server's replies, each piece within the time that is left, and each reply of at most `_MAX_REPLY` bytes."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sock = self._client.sock
        if sock is None:
            return 0
        if self._client.room <= 0:
            raise OSError("The mail server's reply is too long.")
        sock.settimeout(self._client.left())
        size = sock.recv_into(buffer)
        self._client.room -= size
        return size


def _send(server: smtplib.SMTP, sender: str, recipient: str, mail: bytes, options: list[str]) -> None:
    """Send a mail after the greeting. Raises `Undeliverable` and the library's errors."""
    try:
        server.sendmail(sender, [recipient], mail, mail_options=options)
    except smtplib.SMTPNotSupportedError:
        # after a temporary failure of EHLO the extensions are unknown
        if sender.isascii() and server.does_esmtp:
            raise Undeliverable(NOT_SUPPORTED) from None
        raise


def _reply(command: Command, code: int, text: bytes | str) -> Reply:
    # the server's text may quote the address or the credentials
    return Reply.of(command, code, text if isinstance(text, str) else text.decode(errors="replace"))


_: type[BlockingMailer] = BlockingSmtpMailer
