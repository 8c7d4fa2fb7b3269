"""Mail handed over to a real SMTP server."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.integration.smtp.hanging import hanging_server
from tests.integration.smtp.mailers import KINDS, AnySmtpMailer, deliver, mailer_to

from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.outbox.delays import WORKER_LEASE
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.testing.contracts import MailerContract, RefusedMailsContract
from accounts_core.testing.contracts.mailer import VALUES, Refuse
from accounts_core.testing.harness import Drive
from accounts_smtp import SmtpUrl
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_smtp.smtp import SmtpMailer
from accounts_smtp.spans import QUIT_SECONDS, TOTAL_SECONDS


class Mailbox:
    """What a server took; `answer` is what it says to a recipient."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answer = "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for `localhost`, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def serving_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.fixture
def serve(mailbox: Mailbox) -> Iterator[Callable[..., int]]:
    """Start a server, and return its port."""
    running: list[Controller] = []

    def start(**how: Any) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        controller = Controller(mailbox, hostname="127.0.0.1", port=port, **how)
        controller.start()
        running.append(controller)
        return port

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[AnySmtpMailer]:
    chosen: type[AnySmtpMailer] = request.param
    return chosen


class OverSmtp(MailerContract, RefusedMailsContract):
    @pytest.fixture
    def delivered(self, mailbox: Mailbox) -> Callable[[], list[str]]:
        def ids() -> list[str]:
            mails = [message_from_bytes(_raw(each), policy=SMTP_POLICY) for each in mailbox.taken]
            return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in mails]

        return ids

    @pytest.fixture
    def refuse(self, mailbox: Mailbox) -> Refuse:
        def refuse(recipient_is_why: bool) -> None:
            mailbox.answer = "550 5.1.1 no such mailbox" if recipient_is_why else "550 5.7.1 no relaying"

        return refuse


class TestContract(OverSmtp):
    """The contract, over SMTP on this machine."""

    @pytest.fixture
    def drive(self) -> Drive:
        return asyncio.run

    @pytest.fixture
    def mailer(self, serve: Callable[..., int]) -> AnySmtpMailer:
        return mailer_to(SmtpMailer, f"smtp://127.0.0.1:{serve(enable_SMTPUTF8=True)}")


class TestBlockingContract(OverSmtp):
    """The same without an event loop."""

    @pytest.fixture
    def mailer(self, serve: Callable[..., int]) -> AnySmtpMailer:
        return mailer_to(BlockingSmtpMailer, f"smtp://127.0.0.1:{serve(enable_SMTPUTF8=True)}")


def _raw(envelope: Envelope) -> bytes:
    content = envelope.content
    assert isinstance(content, bytes)
    return content


def notice(purpose: MailKind = MailKind.RESET_PASSWORD, to: str = "jane@example.org") -> MailMessage:
    return MailMessage(id="job_1", to=EmailAddress(to), kind=purpose, values=VALUES[purpose])


def test_a_mail_goes_to_the_address_alone_and_from_the_sender(
    kind: type[AnySmtpMailer], serve: Callable[..., int], mailbox: Mailbox
) -> None:
    asyncio.run(deliver(mailer_to(kind, f"smtp://127.0.0.1:{serve()}"), notice()))

    (envelope,) = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@accounts.example", ["jane@example.org"])
    assert b"reset-password#token=" in _raw(envelope).replace(b"=\r\n", b"").replace(b"=3D", b"=")


@pytest.mark.parametrize(("answer", "expected"), [("451 later", Unavailable), ("550 nobody", Undeliverable)])
def test_what_the_server_refuses_is_tried_again_or_undeliverable(
    kind: type[AnySmtpMailer], serve: Callable[..., int], mailbox: Mailbox, answer: str, expected: type[Exception]
) -> None:
    mailbox.answer = answer

    with pytest.raises(expected) as caught:
        asyncio.run(deliver(mailer_to(kind, f"smtp://127.0.0.1:{serve()}"), notice()))

    assert answer[:3] in str(caught.value)
    assert "jane@example.org" not in str(caught.value)
    assert mailbox.taken == []


def test_tls_is_turned_to_where_it_is_offered_and_the_certificate_is_verified(
    kind: type[AnySmtpMailer],
    serve: Callable[..., int],
    mailbox: Mailbox,
    serving_tls: ssl.SSLContext,
    trusting: ssl.SSLContext,
) -> None:
    secured = serve(tls_context=serving_tls, require_starttls=True)
    asyncio.run(deliver(mailer_to(kind, f"smtp://localhost:{secured}", tls=trusting), notice()))
    assert len(mailbox.taken) == 1

    with pytest.raises(Unavailable):
        asyncio.run(deliver(mailer_to(kind, f"smtp://localhost:{secured}"), notice()))
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize("login", ["jane:secret@", ""])
def test_nothing_is_sent_in_the_clear_to_another_machine(
    kind: type[AnySmtpMailer], serve: Callable[..., int], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    """P01: without a login, too, a server that offers no STARTTLS, or whose offer was stripped, gets nothing."""
    url = f"smtp://{login}127.0.0.1:{serve()}"
    monkeypatch.setattr(SmtpUrl, "is_loopback", property(lambda _: False))

    with pytest.raises(Unavailable) as caught:
        asyncio.run(deliver(mailer_to(kind, url), notice()))

    assert "secret" not in str(caught.value)
    assert mailbox.taken == []


def test_a_server_that_is_not_there_is_away(kind: type[AnySmtpMailer]) -> None:
    with pytest.raises(Unavailable, match=r"smtp://127\.0\.0\.1:9"):
        asyncio.run(deliver(mailer_to(kind, "smtp://127.0.0.1:9"), notice()))


def test_a_server_that_hangs_is_not_waited_for(kind: type[AnySmtpMailer]) -> None:
    async def go() -> None:
        async with hanging_server() as server:
            with pytest.raises(Unavailable):
                await deliver(mailer_to(kind, f"smtp://127.0.0.1:{server.port}", timeout_seconds=0.2), notice())
        assert server.taken == 1

    asyncio.run(go())


def test_a12_a_server_that_answers_each_command_just_in_time_is_not_waited_for_either(
    kind: type[AnySmtpMailer],
) -> None:
    """Each answer is well within the time for one; all of them together are not within the time for a mail."""

    async def go() -> None:
        async with hanging_server(drip_seconds=0.2, greeting=b"220 hello\r\n") as server:
            url = f"smtp://127.0.0.1:{server.port}"
            with pytest.raises(Unavailable, match=r"TimeoutError|SMTPServerDisconnected"):
                await deliver(mailer_to(kind, url, timeout_seconds=60, total_seconds=0.3), notice())

    asyncio.run(go())


def test_a12_no_mail_takes_as_long_as_a_worker_holds_its_job() -> None:
    assert timedelta(seconds=TOTAL_SECONDS + QUIT_SECONDS) < WORKER_LEASE


def test_a12_a_mail_that_was_taken_is_delivered_though_the_server_does_not_say_goodbye(
    kind: type[AnySmtpMailer], serve: Callable[..., int], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: SMTP, __: str) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(SMTP, "smtp_QUIT", never)
    monkeypatch.setattr(f"{kind.__module__}.QUIT_SECONDS", 0.1)

    asyncio.run(deliver(mailer_to(kind, f"smtp://127.0.0.1:{serve()}"), notice()))

    assert len(mailbox.taken) == 1


def test_a_server_with_implicit_tls_takes_a_mail(
    kind: type[AnySmtpMailer],
    serve: Callable[..., int],
    mailbox: Mailbox,
    serving_tls: ssl.SSLContext,
    trusting: ssl.SSLContext,
) -> None:
    mailer = mailer_to(kind, f"smtps://localhost:{serve(ssl_context=serving_tls)}", tls=trusting)

    asyncio.run(deliver(mailer, notice()))

    assert len(mailbox.taken) == 1


def test_a_check_connects_and_sends_nothing(serve: Callable[..., int], mailbox: Mailbox) -> None:
    url = f"smtp://127.0.0.1:{serve()}"

    BlockingSmtpMailer(**_parts(url)).check()
    asyncio.run(SmtpMailer(**_parts(url)).check())
    with pytest.raises(Unavailable):
        BlockingSmtpMailer(**_parts("smtp://127.0.0.1:9")).check()

    assert mailbox.taken == []


def _parts(url: str) -> dict[str, Any]:
    mailer = mailer_to(SmtpMailer, url)
    return {"url": mailer.url, "composer": mailer.composer, "clock": mailer.clock}
