"""F3: what a mail server refuses because of us is tried again; what it refuses because of the recipient is ended."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.integration.smtp.mailers import AnySmtpMailer, deliver, mailer_to
from tests.integration.smtp.scripted import CONTENT, GREETING, scripted_server

from accounts_core import Accounts, MailDispatch
from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts.mailer import VALUES
from accounts_memory import ManualClock, MemoryGateway, MemoryStore, PlainHasher, SequenceSecrets
from accounts_smtp import Sender
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_smtp.smtp import SmtpMailer

OURS: Mapping[str, tuple[str, str]] = {
    "the server is closing": (GREETING, "421 4.3.2 try later"),
    "we are not served": (GREETING, "554 5.7.1 not you"),
    "the password is wrong": ("AUTH", "535 5.7.8 authentication failed"),
    "a password is needed": ("AUTH", "530 5.7.0 authenticate first"),
    "the mechanism is too weak": ("AUTH", "534 5.7.9 too weak"),
    "encryption is needed": ("AUTH", "538 5.7.11 encrypt first"),
    "it cannot authenticate now": ("AUTH", "454 4.7.0 later"),
    "the sender has to authenticate": ("MAIL", "530 5.7.0 authenticate first"),
    "the sender is not ours": ("MAIL", "553 5.7.1 not your address"),
    "the sender's domain is unknown": ("MAIL", "550 5.1.8 no such domain"),
    "no such sender": ("MAIL", "550 5.1.1 no such sender"),
    "the sender's quota": ("MAIL", "552 5.2.2 too much today"),
    "no relaying": ("RCPT", "550 5.7.1 relaying denied"),
    "no relaying, without a status": ("RCPT", "554 relaying denied"),
    "the daily limit": ("RCPT", "550 5.4.5 daily limit"),
    "the sender is rejected late": ("RCPT", "550 5.1.7 bad sender"),
    "greylisting": ("RCPT", "450 4.2.0 greylisted"),
    "too many recipients": ("RCPT", "552 too many recipients"),
    "taken for spam": (CONTENT, "554 5.7.1 spam"),
    "taken for spam, without a status": (CONTENT, "550 no"),
    "no room": ("DATA", "452 4.3.1 no room"),
    "too large": (CONTENT, "552 5.3.4 too large"),
}
THEIRS: Mapping[str, tuple[str, str, str]] = {
    "no such mailbox": ("RCPT", "550 5.1.1 <jane@example.org>: no such user", "550 5.1.1"),
    "no such mailbox, without a status": ("RCPT", "550 no such user jane@example.org", "550"),
    "not here": ("RCPT", "551 not here", "551"),
    "not allowed as a name": ("RCPT", "553 no such name", "553"),
    "no mail for this domain": ("RCPT", "556 5.1.10 null MX", "556 5.1.10"),
    "disabled": ("RCPT", "550 5.2.1 disabled", "550 5.2.1"),
    "full": ("RCPT", "552 5.2.2 full", "552 5.2.2"),
    "no such mailbox, told late": (CONTENT, "550 5.1.1 no such user", "550 5.1.1"),
}


def notice(to: str = "jane@example.org") -> MailMessage:
    return MailMessage(
        id="job_1", to=EmailAddress(to), kind=MailKind.VERIFY_EMAIL, values=VALUES[MailKind.VERIFY_EMAIL]
    )


def deliver_to(
    kind: type[AnySmtpMailer],
    replies: Mapping[str, str],
    *,
    to: str = "jane@example.org",
    login: str = "user:pass@",
    sender: str = "no-reply@accounts.example",
) -> int:
    async def go() -> int:
        async with scripted_server(replies) as server:
            url = f"smtp://{login}127.0.0.1:{server.port}"
            await deliver(mailer_to(kind, url, sender=Sender(EmailAddress(sender), "Accounts")), notice(to))
        return server.taken

    return asyncio.run(go())


@pytest.fixture(
    params=[SmtpMailer, pytest.param(BlockingSmtpMailer, marks=pytest.mark.long)], ids=lambda kind: kind.__name__
)
def kind(request: pytest.FixtureRequest) -> type[AnySmtpMailer]:
    chosen: type[AnySmtpMailer] = request.param
    return chosen


def test_f3_the_server_of_these_tests_takes_a_mail_unless_it_is_told_otherwise(kind: type[AnySmtpMailer]) -> None:
    assert deliver_to(kind, {}) == 1


@pytest.mark.parametrize("why", OURS)
def test_f3_what_concerns_us_may_work_later(kind: type[AnySmtpMailer], why: str) -> None:
    command, reply = OURS[why]

    with pytest.raises(Unavailable) as caught:
        deliver_to(kind, {command: reply})

    assert reply[:3] in str(caught.value)
    assert "jane@example.org" not in str(caught.value)


@pytest.mark.parametrize("kind", [SmtpMailer, BlockingSmtpMailer])
@pytest.mark.parametrize("command", [GREETING, "EHLO", "RCPT"])
def test_a_reply_of_lines_without_an_end_is_not_kept_in_memory(kind: type[AnySmtpMailer], command: str) -> None:
    code = "220" if command == GREETING else "250"

    with pytest.raises(Unavailable):
        deliver_to(kind, {command: f"{code}-{'x' * 500}\r\n" * 300 + f"{code} go on"}, login="")


@pytest.mark.parametrize("why", THEIRS)
def test_f3_what_concerns_the_recipient_is_undeliverable(
    kind: type[AnySmtpMailer], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    command, reply, status = THEIRS[why]

    with caplog.at_level(logging.WARNING), pytest.raises(Undeliverable) as caught:
        deliver_to(kind, {command: reply})

    assert caught.value.status == status
    assert str(caught.value) == f"The recipient of a mail cannot be reached ({status})."
    assert [record.getMessage() for record in caplog.records] == [
        f"A mail (verify_email) is not deliverable: {status}."
    ]


PLAIN_EHLO = {"EHLO": "250-mail.example\r\n250 AUTH PLAIN"}


def test_f3_an_address_beyond_ascii_is_undeliverable_where_the_server_takes_none(kind: type[AnySmtpMailer]) -> None:
    with pytest.raises(Undeliverable) as caught:
        deliver_to(kind, PLAIN_EHLO, to="j\u00f6rg@example.org")
    assert caught.value.status == "5.6.7"

    assert deliver_to(kind, PLAIN_EHLO) == 1


def test_f3_a_sender_beyond_ascii_concerns_us_and_so_does_a_server_that_refused_to_say_what_it_supports(
    kind: type[AnySmtpMailer],
) -> None:
    with pytest.raises(Unavailable):
        deliver_to(kind, PLAIN_EHLO, to="j\u00f6rg@example.org", sender="b\u00fcro@accounts.example")
    with pytest.raises(Unavailable):
        deliver_to(kind, {"EHLO": "502 5.5.1 no"}, to="j\u00f6rg@example.org", login="")


def test_f3_sign_ups_wait_for_a_password_that_is_mended_and_invented_addresses_leave_nothing_behind() -> None:
    """The mail server answers 535 for a minute, then accepts; 550 for invented addresses."""

    async def go() -> None:
        clock = ManualClock(NOON)
        async with scripted_server({"AUTH": "535 5.7.8 no"}) as server:
            accounts = Accounts(
                mail_dispatch=MailDispatch.WORKER,
                limits=None,
                store=MemoryStore(),
                payments=MemoryGateway(clock=clock, secrets=SequenceSecrets()),
                passwords=PlainHasher(),
                mailer=mailer_to(SmtpMailer, f"smtp://user:pass@127.0.0.1:{server.port}"),
                clock=clock,
                secrets=SequenceSecrets(),
            )
            users = [
                await accounts.register(email=f"user{n}@example.org", password="correct horse battery", name="U")
                for n in range(5)
            ]
            assert await accounts.run_due() == WorkerRun(rescheduled=5)

            server.replies = {}
            clock.advance(timedelta(minutes=1))
            assert await accounts.run_due() == WorkerRun(done=5)
            assert server.taken == 5

            server.replies = {"RCPT": "550 5.1.1 no such user"}
            for user in users:
                await accounts.resend_verification(user.id)
            assert await accounts.run_due() == WorkerRun(done=5)
            assert await accounts.list_outbox() == []
            entry, _ = await accounts.list_activity(users[0].id)
            assert (entry.action, entry.by) == ("mail_undeliverable", "operator")
            assert dict(entry.details) == {"purpose": "verify_email", "status": "550 5.1.1"}

    asyncio.run(go())
