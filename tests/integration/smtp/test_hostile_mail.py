"""A2: whatever people typed, the mail that a real server takes has our headers, one recipient, and its text intact."""

import asyncio
import html
import socket
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from smtplib import quoteaddr
from typing import Final

import attrs
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib.email import quote_address
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.smtp.mailers import AnySmtpMailer, deliver, mailer_to

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.testing.contracts.mailer import VALUES
from accounts_smtp import Sender
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_smtp.headers import MailRefused
from accounts_smtp.smtp import SmtpMailer
from accounts_smtp.text import for_header, one_line
from accounts_sql.statements.mapping import stored_email

HEADERS: Final = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
TYPED: Final = ("team", "invited_by", "name", "device", "email", "brand", "last4")
"""Values that come from people, or from the payment provider."""

INJECTING: Final = "=?utf-8?q?a=0D=0ABcc=3A=20evil=40evil=2Enet=0D=0AX=3A=20?="
HOSTILE: Final = [
    INJECTING,
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5uZXQNCg==?=",
    "a\r\nBcc: evil@evil.net\r\n\r\n<b>body</b>",
    "a\n.\nMAIL FROM:<evil@evil.net>",
    "\r\n.\r\nRCPT TO:<evil@evil.net>\r\n",
    "--===============0000000000000000000==--\nContent-Type: text/html\n\nHi",
    "</title><script>alert(1)</script>",
    '"><a href="http://evil.net">here</a>',
    "&amp; & &#60;b&#62;",
    ".",
    "From me",
    "\u2028Bcc: evil@evil.net",
    "x" * 1000,
    "\U0001f600" * 250,
    "<evil@evil.net>, evil@evil.net",
]
ADDRESSES: Final = [
    "o'brien+tag=x@example.org",
    "a=b?c@example.org",
    "a%evil.net@example.org",
    "evil.net!a@example.org",
    "-oQ@example.org",
    "|a{b}~`@example.org",
    "j\u00f6rg@example.org",
    "\u7530\u4e2d@example.org",
    "x" * 64 + "@" + "y" * 60 + "." + "z" * 60 + ".example.org",
]


@attrs.define
class Server:
    """A server that keeps what it took, and every recipient that it was told."""

    port: int = 0
    taken: list[Envelope] = attrs.field(factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture(scope="module")
def listening() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = Server(port=free.getsockname()[1])
    controller = Controller(server, hostname="127.0.0.1", port=server.port, enable_SMTPUTF8=True)
    controller.start()
    yield server
    controller.stop()


@pytest.fixture
def server(listening: Server) -> Server:
    listening.taken.clear()
    return listening


@pytest.fixture(
    params=[SmtpMailer, pytest.param(BlockingSmtpMailer, marks=pytest.mark.long)], ids=lambda kind: kind.__name__
)
def kind(request: pytest.FixtureRequest) -> type[AnySmtpMailer]:
    chosen: type[AnySmtpMailer] = request.param
    return chosen


def deliver_to(
    server: Server, kind: type[AnySmtpMailer], *notices: MailMessage, sender: str = "Accounts"
) -> list[Envelope]:
    named = Sender(EmailAddress("no-reply@accounts.example"), sender)
    mailer = mailer_to(kind, f"smtp://127.0.0.1:{server.port}", sender=named)
    asyncio.run(deliver(mailer, *notices))
    return server.taken


def raw_of(envelope: Envelope) -> bytes:
    assert isinstance(envelope.content, bytes)
    return envelope.content


def header_names(raw: bytes) -> list[str]:
    """Return the names of the headers as they are on the wire, without a parser's help."""
    head = raw.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    return [line.partition(b":")[0].decode() for line in lines if not line.startswith(b" ")]


def parts_of(raw: bytes) -> list[EmailMessage]:
    mail = message_from_bytes(raw, policy=SMTP_POLICY)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return [part for part in mail.walk() if not part.is_multipart()]


def hostile(purpose: MailKind, text: str) -> Mapping[str, str]:
    return {name: text if name in TYPED else value for name, value in VALUES[purpose].items()}


@pytest.mark.parametrize("purpose", MailKind)
def test_a2_no_value_of_any_mail_adds_a_header_a_recipient_or_a_part(
    kind: type[AnySmtpMailer], server: Server, purpose: MailKind
) -> None:
    notices = [
        MailMessage(
            id=f"job_{number}", to=EmailAddress("jane@example.org"), kind=purpose, values=hostile(purpose, text)
        )
        for number, text in enumerate(HOSTILE)
    ]

    for notice, envelope in zip(notices, deliver_to(server, kind, *notices), strict=True):
        raw = raw_of(envelope)
        assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@accounts.example", ["jane@example.org"])
        assert header_names(raw) == HEADERS
        assert raw.isascii()
        plain, page = parts_of(raw)
        assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
        said = plain.get_content()
        shown = page.get_content()
        for name, typed in notice.values.items():
            if name in TYPED:
                assert one_line(typed) in said
                assert f"<bdi>{html.escape(one_line(typed))}</bdi>" in shown
        assert shown.count("<a ") == 2
        assert "<script" not in shown
        subject = message_from_bytes(raw, policy=SMTP_POLICY)["Subject"]
        assert subject == for_header(subject)
        assert "\n" not in subject


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a2_no_name_of_the_sender_adds_a_header(kind: type[AnySmtpMailer], server: Server, name: str) -> None:
    notice = MailMessage(
        id="job_1",
        to=EmailAddress("jane@example.org"),
        kind=MailKind.PASSWORD_CHANGED,
        values=VALUES[MailKind.PASSWORD_CHANGED],
    )

    (envelope,) = deliver_to(server, kind, notice, sender=name)

    assert header_names(raw_of(envelope)) == HEADERS
    (mailbox,) = message_from_bytes(raw_of(envelope), policy=SMTP_POLICY)["From"].addresses
    assert mailbox.addr_spec == "no-reply@accounts.example"
    # Python 3.11 puts a space between two encoded words of a name, which no mail program does (RFC 2047, 6.2)
    assert mailbox.display_name.replace(" ", "") == for_header(name).replace(" ", "")


def test_a2_every_address_that_is_one_gets_its_mail_alone_and_written_as_it_is(
    kind: type[AnySmtpMailer], server: Server
) -> None:
    purpose = MailKind.PASSWORD_CHANGED
    notices = [
        MailMessage(id=f"job_{number}", to=EmailAddress(address), kind=purpose, values=VALUES[purpose])
        for number, address in enumerate(ADDRESSES)
    ]

    for address, envelope in zip(ADDRESSES, deliver_to(server, kind, *notices), strict=True):
        assert envelope.rcpt_tos == [address]
        assert header_names(raw_of(envelope)) == HEADERS
        assert f"\r\nTo: {address}\r\n".encode() in raw_of(envelope)


@pytest.mark.parametrize(
    "address",
    [
        f"{INJECTING}@example.org",
        "jane@example.org> SIZE=1",
        "jane@example.org\r\nRCPT TO:<evil@evil.net>",
        "jane@example.org,evil@evil.net",
        "@evil.net:jane@example.org",
        '"jane\\"@evil.net"@example.org',
    ],
)
def test_a2_an_address_from_before_the_rule_is_refused_for_good_before_any_server_is_asked(
    kind: type[AnySmtpMailer], server: Server, address: str
) -> None:
    to = stored_email(address, address)

    with pytest.raises(MailRefused):
        deliver_to(
            server,
            kind,
            MailMessage(id="job_1", to=to, kind=MailKind.RESET_PASSWORD, values=VALUES[MailKind.RESET_PASSWORD]),
        )

    assert server.taken == []


ATEXT: Final = "abcXYZ0189!#$%&'*+/=?^_`{|}~-"


@given(st.lists(st.text(ATEXT + "\u00f6\u7530", min_size=1, max_size=12), min_size=1, max_size=4).map(".".join))
def test_a2_each_smtp_library_writes_every_address_as_it_is(local: str) -> None:
    """Each parses what it is given; of what is an address here, nothing is left out or read in another way."""
    if "=?" not in local and len(local.encode()) <= 64:
        address = EmailAddress(f"{local}@example.org").address
        assert quote_address(address) == quoteaddr(address) == f"<{address}>"
