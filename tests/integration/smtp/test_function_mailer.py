"""Mail that a function of the host application sends."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from accounts_core import Accounts, BlockingAccounts, MailDispatch
from accounts_core.errors import ConfigurationError, Unavailable, Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.mailer import MailKind
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts import MailerContract
from accounts_core.testing.harness import Drive
from accounts_memory import ManualClock, MemoryGateway, MemoryStore, PlainHasher, SequenceSecrets
from accounts_smtp import BlockingFunctionMailer, ComposedMail, FunctionMailer, MailComposer, MailTemplates, Sender
from accounts_smtp.samples import sample_message

COMPOSER: Final = MailComposer(
    sender=Sender(EmailAddress("no-reply@accounts.example"), "Accounts"), public_url="https://accounts.example"
)
CLOCK: Final = ManualClock(NOON)
PASSWORD: Final = "correct horse battery staple"


class Sent(list[ComposedMail]):
    async def send_later(self, mail: ComposedMail) -> None:
        await asyncio.sleep(0)
        self.append(mail)

    def send(self, mail: ComposedMail) -> None:
        self.append(mail)


@pytest.fixture
def sent() -> Sent:
    return Sent()


class OfFunction(MailerContract):
    @pytest.fixture
    def delivered(self, sent: Sent) -> Callable[[], list[str]]:
        return lambda: [mail.id for mail in sent]


class TestAsyncFunction(OfFunction):
    @pytest.fixture
    def drive(self) -> Drive:
        return asyncio.run

    @pytest.fixture
    def mailer(self, sent: Sent) -> FunctionMailer:
        return FunctionMailer(send=sent.send_later, composer=COMPOSER, clock=CLOCK)


class TestPlainFunction(OfFunction):
    @pytest.fixture
    def drive(self) -> Drive:
        return asyncio.run

    @pytest.fixture
    def mailer(self, sent: Sent) -> FunctionMailer:
        return FunctionMailer(send=sent.send, composer=COMPOSER, clock=CLOCK)


class TestFunctionWithoutLoop(OfFunction):
    @pytest.fixture
    def mailer(self, sent: Sent) -> BlockingFunctionMailer:
        return BlockingFunctionMailer(send=sent.send, composer=COMPOSER, clock=CLOCK)


def test_a_function_gets_the_whole_mail_and_shows_no_token(sent: Sent) -> None:
    mailer = BlockingFunctionMailer(send=sent.send, composer=COMPOSER, clock=CLOCK)
    run_sync(mailer.deliver(sample_message(MailKind.VERIFY_EMAIL, locale="de")))

    (mail,) = sent
    assert (mail.id, mail.kind, str(mail.to)) == ("sample_verify_email", MailKind.VERIFY_EMAIL, "jane@example.org")
    assert (mail.subject, mail.locale) == ("Bestätigen Sie Ihre E-Mail-Adresse", "de")
    assert "acm_SAMPLE" in mail.text
    assert "acm_SAMPLE" in mail.html
    assert b"Message-ID: <sample_verify_email@accounts.example>" in mail.as_bytes().splitlines()
    assert "SAMPLE" not in repr(mail)
    assert repr(mail.as_bytes()) == "<mail>"


class ApiError(Exception):
    """An error of a mail service's library."""


@pytest.mark.parametrize("error", [Unavailable("away"), Undeliverable("422")])
@pytest.mark.parametrize("is_blocking", [True, False])
def test_errors_of_ours_pass_through(error: Exception, is_blocking: bool) -> None:
    assert _raised(error, is_blocking=is_blocking) is error


@pytest.mark.parametrize("is_blocking", [True, False])
def test_any_other_error_is_one_to_retry_and_its_text_is_not_told(
    is_blocking: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        raised = _raised(ApiError("to jane@example.org with acm_SAMPLE"), is_blocking=is_blocking)

    assert type(raised) is Unavailable
    assert str(raised) == "A mail was not sent: ApiError."
    assert [record.getMessage() for record in caplog.records] == ["A mail (card_added) was not sent: ApiError."]


def _raised(error: Exception, *, is_blocking: bool) -> BaseException:
    def fail(_: ComposedMail) -> None:
        raise error

    async def fail_later(_: ComposedMail) -> None:
        raise error

    blocking = BlockingFunctionMailer(send=fail, composer=COMPOSER, clock=CLOCK)
    suspending = FunctionMailer(send=fail_later, composer=COMPOSER, clock=CLOCK)
    message = sample_message(MailKind.CARD_ADDED)
    with pytest.raises((Unavailable, Undeliverable)) as caught:
        run_sync(blocking.deliver(message)) if is_blocking else asyncio.run(suspending.deliver(message))
    return caught.value


def ports(**changes: Any) -> dict[str, Any]:
    return {
        "mail_dispatch": MailDispatch.WORKER,
        "limits": None,
        "store": MemoryStore(),
        "payments": MemoryGateway(clock=CLOCK, secrets=SequenceSecrets()),
        "passwords": PlainHasher(),
        "clock": CLOCK,
        "secrets": SequenceSecrets(),
        **changes,
    }


def test_each_mailer_is_for_the_facade_that_it_does_not_stop(sent: Sent) -> None:
    blocking = BlockingFunctionMailer(send=sent.send, composer=COMPOSER, clock=CLOCK)
    suspending = FunctionMailer(send=sent.send_later, composer=COMPOSER, clock=CLOCK)

    BlockingAccounts(**ports(mailer=blocking))
    Accounts(**ports(mailer=suspending))
    with pytest.raises(ConfigurationError, match="BlockingFunctionMailer blocks the thread"):
        Accounts(**ports(mailer=blocking))
    with pytest.raises(ConfigurationError, match="FunctionMailer"):
        BlockingAccounts(**ports(mailer=suspending))


def test_a_person_gets_the_mails_in_their_language_and_time(sent: Sent) -> None:
    mailer = BlockingFunctionMailer(send=sent.send, composer=COMPOSER, clock=CLOCK)
    accounts = BlockingAccounts(**{**ports(mailer=mailer), "mail_dispatch": MailDispatch.AFTER_COMMIT})
    jane = accounts.register(
        email="jane@example.org", password=PASSWORD, name="Jane", locale="de-AT", time_zone="Europe/Vienna"
    )
    accounts.mark_email_verified(jane.id)
    accounts.deactivate(jane.id)

    assert [mail.subject for mail in sent] == ["Bestätigen Sie Ihre E-Mail-Adresse", "Ihr Konto wurde deaktiviert"]
    assert sent[1].text.startswith("Ihr Konto wurde am 1. März 2026 um 13:00 Uhr (MEZ) deaktiviert.")


def test_a_mail_whose_template_fails_is_kept_and_sent_once_that_is_mended(sent: Sent, tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    body = tmp_path / "en" / "verify_email.body.txt"
    body.write_text("Hello {{ {'Jane Doe': 'Jane', '': 'you'}[name] }}: {{ link }}")

    def mailer() -> BlockingFunctionMailer:
        composer = MailComposer(
            sender=COMPOSER.sender, public_url="https://a.example", templates=MailTemplates(folder=tmp_path)
        )
        return BlockingFunctionMailer(send=sent.send, composer=composer, clock=clock)

    clock, store, secrets = ManualClock(NOON), MemoryStore(), SequenceSecrets()
    parts = {**ports(), "store": store, "clock": clock, "secrets": secrets}
    broken = BlockingAccounts(**parts, mailer=mailer())
    broken.register(email="zoe@example.org", password=PASSWORD, name="Zoe")

    assert broken.run_due() == WorkerRun(dead_lettered=1)
    (job,) = broken.list_outbox()
    assert job.last_error == f"TemplateFailed: {body}, line 1: UndefinedError."

    body.write_text("Hello {{ name }}: {{ link }}")
    mended = BlockingAccounts(**parts, mailer=mailer())
    mended.retry_job(job.id)
    assert mended.run_due() == WorkerRun(done=1)
    (mail,) = sent
    assert mail.text.startswith("Hello Zoe: https://a.example/verify-email#token=")


class SentByObject(Sent):
    async def __call__(self, mail: ComposedMail) -> None:
        await self.send_later(mail)


def test_without_an_event_loop_a_coroutine_function_is_refused_because_nothing_would_await_it(sent: Sent) -> None:
    for send in (sent.send_later, SentByObject()):
        with pytest.raises(ConfigurationError, match="`send` is a plain `def`"):
            BlockingFunctionMailer(send=send, composer=COMPOSER, clock=CLOCK)


def test_a_mail_whose_coroutine_nothing_awaits_counts_as_not_sent(sent: Sent) -> None:
    mailer = BlockingFunctionMailer(send=lambda mail: sent.send_later(mail), composer=COMPOSER, clock=CLOCK)  # noqa: PLW0108  it is no coroutine function

    with pytest.raises(ConfigurationError, match="`send` is a plain `def`"):
        run_sync(mailer.deliver(sample_message(MailKind.VERIFY_EMAIL)))

    assert sent == []
