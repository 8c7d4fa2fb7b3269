"""Mails go out with the call that causes them, where no worker is said to run."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import BlockingAccounts, MailDispatch, run_sync
from accounts_core.errors import ConfigurationError, EmailTaken, Unavailable, Undeliverable
from accounts_core.model import OutboxJob
from accounts_core.model.jobs import JobKind
from accounts_core.outbox.after_commit import MOST_MAILS
from accounts_core.ports.mailer import MailMessage
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.testing.builders import a_job
from accounts_memory import MemoryMailer

AWAY = Unavailable("The mail server is away.")


def by_the_call(env: Environment, **others: Any) -> Core:
    """Accounts as a newcomer makes them: nothing is said about mails."""
    ports: dict[str, Any] = {
        "store": env.store,
        "payments": env.gateway,
        "passwords": env.hasher,
        "mailer": env.mailer,
        "clock": env.clock,
        "secrets": env.secrets,
        "limits": None,
    }
    return BlockingAccounts(**{**ports, **others})


def purposes(env: Environment) -> list[str]:
    return [notice.kind.value for notice in env.mailer.delivered]


def test_a_mail_is_sent_when_the_call_returns(env: Environment) -> None:
    accounts = by_the_call(env)

    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert purposes(env) == ["verify_email"]
    assert accounts.list_outbox() == []
    accounts.forgot_password(email=jane.email)
    assert purposes(env) == ["verify_email", "reset_password"]


def test_a_mail_that_leads_to_another_is_followed_to_the_end(env: Environment) -> None:
    """A private sign-up opens the account by a job, which has the mail sent by another."""
    accounts = by_the_call(env)

    accounts.request_account(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert purposes(env) == ["verify_email"]


def test_a_security_notice_of_an_event_is_sent_as_well(env: Environment) -> None:
    accounts = by_the_call(env)
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    accounts.mark_email_verified(jane.id)

    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)

    assert purposes(env)[-1] == "password_changed"


def test_a_refusal_that_causes_a_mail_sends_it_and_is_raised(env: Environment) -> None:
    accounts = by_the_call(env)
    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    with pytest.raises(EmailTaken):
        accounts.register(email="jane@example.org", password=OTHER_PASSWORD, name="Joan Doe")

    assert purposes(env) == ["verify_email"] * 2


def test_a_worker_that_is_said_to_run_is_left_the_mails(env: Environment) -> None:
    accounts = by_the_call(env, mail_dispatch=MailDispatch.WORKER)

    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert purposes(env) == []
    assert accounts.run_due(kinds={JobKind.MAIL}).done == 1


class Failing(MemoryMailer):
    """Fails as often as it is told to."""

    def __init__(self, error: Exception = AWAY, *, failures: int = 1) -> None:
        super().__init__()
        self.error = error
        self.failures = failures
        self.asked = 0

    async def deliver(self, notice: MailMessage) -> None:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise self.error
        await super().deliver(notice)


@pytest.mark.parametrize("error", [Unavailable("Away."), ConfigurationError("No sender."), RuntimeError("?")], ids=repr)
def test_a_mail_server_that_fails_fails_no_call(env: Environment, error: Exception) -> None:
    accounts = by_the_call(env, mailer=Failing(error=error))

    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert len(accounts.list_outbox()) == 1


def test_a_mail_server_that_is_away_is_asked_once_a_call_and_no_more(env: Environment) -> None:
    waiting = by_the_call(env, mail_dispatch=MailDispatch.WORKER)
    for number in range(3):
        waiting.register(email=f"user{number}@example.org", password=PASSWORD, name="Jane Doe")
    mailer = Failing(failures=99)

    by_the_call(env, mailer=mailer).register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert mailer.asked == 1


def test_a_mail_that_failed_goes_with_a_later_call_once_its_delay_is_over(env: Environment) -> None:
    mailer = Failing(failures=99)
    accounts = by_the_call(env, mailer=mailer)
    for number in range(5):
        accounts.register(email=f"user{number}@example.org", password=PASSWORD, name="Jane Doe")

    assert mailer.asked == 5
    mailer.failures = 0
    env.clock.advance(timedelta(minutes=1))
    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert len(mailer.delivered) == 6  # what failed before goes with it
    assert accounts.list_outbox() == []


def test_a_call_sends_a_bounded_number_of_what_waits(env: Environment) -> None:
    waiting = by_the_call(env, mail_dispatch=MailDispatch.WORKER)
    for number in range(MOST_MAILS + 5):
        waiting.register(email=f"user{number}@example.org", password=PASSWORD, name="Jane Doe")

    by_the_call(env).forgot_password(email="nobody@example.org")

    assert len(waiting.list_outbox()) == 6


def test_an_undeliverable_mail_ends_in_the_trail_as_with_a_worker(env: Environment) -> None:
    accounts = by_the_call(env, mailer=Failing(error=Undeliverable("5.1.1")))

    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    assert accounts.list_outbox() == []


def test_only_mails_are_done_by_the_call(env: Environment) -> None:
    done: list[OutboxJob] = []

    async def handler(job: OutboxJob) -> None:
        done.append(job)

    async def put() -> None:
        async with env.store.begin() as work:
            await work.outbox.add(a_job(topic="host.welcome"))

    run_sync(put())
    by_the_call(env, job_handlers={"host.welcome": handler}).register(
        email="jane@example.org", password=PASSWORD, name="Jane Doe"
    )

    assert done == []
    assert len(env.mailer.delivered) == 1


def test_a_request_with_a_key_sends_its_mails_after_the_one_commit(env: Environment) -> None:
    accounts = by_the_call(env)
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    sent_inside: list[int] = []

    async def perform(store: Any) -> IdempotentAnswer:
        inner = accounts.on(store)
        await _as_async(lambda: inner.forgot_password(email=jane.email))
        sent_inside.append(len(env.mailer.delivered))
        return IdempotentAnswer(answer=b"done", is_final=True, took_effect=True)

    accounts.run_idempotent(jane.id, scope=b"s" * 32, fingerprint=b"f" * 32, perform=perform)

    assert sent_inside == [1]  # the mail of the registration alone
    assert purposes(env) == ["verify_email", "reset_password"]


async def _as_async(call: Callable[[], object]) -> object:
    result = call()
    return await result if isinstance(result, Awaitable) else result


def test_a_read_looks_for_no_mails(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = by_the_call(env)
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    looked: list[object] = []

    original = env.store._reader.outbox.any_due

    async def any_due(**asked: Any) -> bool:
        looked.append(asked)
        return await original(**asked)

    monkeypatch.setattr(env.store._reader.outbox, "any_due", any_due)
    accounts.profile(jane.id)
    accounts.list_notifications(jane.id)

    assert looked == []
    accounts.forgot_password(email=jane.email)
    assert len(looked) == 2  # one that finds the mail, and one that finds no other


def test_whatever_goes_wrong_with_the_mails_the_result_of_the_call_is_returned(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session has committed by then, and its token is nowhere else."""
    accounts = by_the_call(env)
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    async def any_due(**_: Any) -> bool:
        raise ConfigurationError("This connection was made before a fork.")

    monkeypatch.setattr(env.store._reader.outbox, "any_due", any_due)

    signed_in = accounts.sign_in(email="jane@example.org", password=PASSWORD)
    assert accounts.authenticate(signed_in.token).user.id == jane.id
