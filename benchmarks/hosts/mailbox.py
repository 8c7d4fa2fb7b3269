"""A mail server that keeps what it takes."""

import email.policy
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

WAIT_SECONDS = 20.0


class Mailbox:
    """The mails that arrived, and the server's port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802  aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        self._mails.append(message_from_bytes(content, _class=EmailMessage, policy=email.policy.default))
        return "250 taken"

    def count_to(self, address: str, word: str) -> int:
        """Return how many mails to an address have a word in their text."""
        return len(self._texts(address, word))

    def wait_for(self, address: str, word: str) -> str:
        """Wait for a mail to an address with a word in its text, and return the text of the latest."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (texts := self._texts(address, word)):
            if time.monotonic() > deadline:
                raise AssertionError(f"no mail to {address} with {word!r}")
            time.sleep(0.02)
        return texts[-1]

    def _texts(self, address: str, word: str) -> list[str]:
        texts = [_text(mail) for mail in list(self._mails) if mail["to"] == address]
        return [text for text in texts if word in text]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def receiving(mailbox: Mailbox) -> Iterator[None]:
    """Run the mail server."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
