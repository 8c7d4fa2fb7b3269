"""A7: the machine's clock goes back a day, or ahead a day for a moment and back. Nothing lives or waits a day more."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run, invalid, problem
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.service import Service, serving
from tests.integration.http.stripe_events import an_event, send
from tests.integration.http.test_recovery import VERIFY as VERIFY_EMAIL
from tests.integration.http.test_recovery import asked, reset

from accounts_core.errors import ProviderBusy, Unavailable
from accounts_core.model.idempotency import CLAIMED_FOR, IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy, SessionPolicy
from accounts_core.model.session import TOUCH_INTERVAL
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.model.verification import TAKEOVER_AFTER
from accounts_core.outbox.delays import WORKER_LEASE
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.mailer import MailKind
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.testing.builders import a_provided_card
from accounts_memory import MemoryRateLimiter
from accounts_memory.stripe_cards import Behaviour

DAY = timedelta(days=1)
LOGIN = "/api/auth/login"
TEAMS = "/api/v1/accounts"
USER = "/api/v1/user"
VERIFY_CARD = "/api/users/current/verify-payment"
CARDS = "/api/users/current/list-payment-methods"
CHALLENGED = {"paymentMethod": "pm_challenged", "returnUrl": "https://app.example.org/cards"}
ME = "/api/users/current"
ANOTHER = {"password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD}


@pytest.fixture(params=FAST_STORES)
def limited(request: pytest.FixtureRequest, run: Run, open_store: OpenStore) -> Iterator[Service]:
    """A service that counts attempts, and where sessions are few and short."""
    policy = Policy(sessions=SessionPolicy(most=2, lifetime=timedelta(days=3), idle=timedelta(days=2)))
    with (
        open_store(request.param, run) as stored,
        serving(run, stored, limits=MemoryRateLimiter(), policy=policy) as service,
    ):
        yield service


def ahead_for_a_moment(service: Service, act: Callable[[], object]) -> None:
    """Do something while the clock is a day ahead."""
    service.clock.jump(DAY)
    act()
    service.clock.advance(timedelta(seconds=1.5))
    service.clock.jump(-DAY)


def repair(service: Service) -> int:
    """Do what the worker does every minute."""
    return service.run(service.accounts.repair_times()).total


def outbox(service: Service) -> list[OutboxJob]:
    return list(service.run(service.accounts.list_outbox()))


def new_password(jane: Client) -> Callable[[], int]:
    return lambda: jane.put(USER, json=ANOTHER).status_code


# ---- mailed tokens


@pytest.mark.parametrize("is_repaired", [False, True], ids=["no worker", "a worker"])
def test_a_reset_token_of_ten_minutes_does_not_work_for_a_day_when_the_clock_goes_back(
    service: Service, is_repaired: bool
) -> None:
    service.api.sign_up()
    token = asked(service)
    service.clock.jump(-DAY)
    if is_repaired:
        assert repair(service) > 0

    for minutes in (0, 11, 12 * 60):
        service.clock.pass_by(minutes=minutes)
        assert reset(service, token) == 422
    if is_repaired:  # not even when its time comes
        service.clock.pass_by(minutes=12 * 60 - 11)
        assert reset(service, token) == 422


def test_a_token_that_is_mailed_while_the_clock_is_ahead_does_not_work_for_a_day(service: Service) -> None:
    service.api.sign_up()
    tokens: list[str] = []
    ahead_for_a_moment(service, lambda: tokens.append(asked(service)))

    assert reset(service, tokens[0]) == 422
    assert reset(service, asked(service)) == 204


def test_a_token_of_a_machine_that_is_barely_ahead_works(service: Service) -> None:
    service.api.sign_up()
    service.clock.jump(CLOCK_SKEW)
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    service.clock.jump(-CLOCK_SKEW)

    assert service.api.post(VERIFY_EMAIL, json={"token": token, "password": PASSWORD}).status_code == 204


def test_a_token_just_beyond_what_clocks_may_differ_by_does_not(service: Service) -> None:
    service.api.sign_up()
    service.clock.jump(CLOCK_SKEW + timedelta(microseconds=1))
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    service.clock.jump(-CLOCK_SKEW - timedelta(microseconds=1))

    invalid(service.api.post(VERIFY_EMAIL, json={"token": token}), "token")


def test_a_password_that_was_changed_in_the_future_does_not_keep_the_mail_for_another_one_back(
    service: Service,
) -> None:
    jane = service.api.sign_up()
    service.work()
    ahead_for_a_moment(service, lambda: jane.put(USER, json={**ANOTHER, "current_password": PASSWORD}))
    service.api.sign_in("jane@example.org", OTHER_PASSWORD)

    assert reset(service, asked(service), PASSWORD) == 204


# ---- sessions


def test_a_sign_in_proves_nothing_once_the_clock_went_back(service: Service) -> None:
    jane = service.api.sign_up()
    service.clock.jump(-DAY)

    for minutes in (0, 16, 600):
        service.clock.pass_by(minutes=minutes)
        problem(jane.put(USER, json=ANOTHER), 403, "reauthentication-required")
        problem(jane.delete("/api/auth/sessions"), 403, "reauthentication-required")


def test_a_sign_in_of_a_clock_that_was_ahead_is_never_fresh_again(service: Service) -> None:
    """The session goes on. Once it is repaired, the day on which its sign-in was dated is like any other."""
    service.api.sign_up()
    clients: list[Client] = []
    ahead_for_a_moment(service, lambda: clients.append(service.api.sign_in("jane@example.org")))
    (jane,) = clients

    assert jane.get(ME).status_code == 200
    assert new_password(jane)() == 403
    assert repair(service) > 0
    assert repair(service) == 0
    assert new_password(jane)() == 403
    service.clock.advance(DAY)
    assert jane.get(ME).status_code == 200
    assert new_password(jane)() == 403


@pytest.mark.parametrize("jump", [DAY, 3000 * DAY], ids=["a day", "eight years"])
def test_a_session_of_a_clock_that_was_ahead_ends_as_any_other(limited: Service, jump: timedelta) -> None:
    limited.api.sign_up()
    limited.clock.jump(jump)
    used, idle = limited.api.sign_in("jane@example.org"), limited.api.sign_in("jane@example.org")
    limited.clock.jump(-jump)
    repair(limited)

    for _ in range(5):
        assert used.get(ME).status_code == 200
        limited.clock.pass_by(hours=14)
    assert used.get(ME).status_code == 200
    assert idle.get(ME).status_code == 401  # 70 hours idle, and 48 are allowed
    limited.clock.pass_by(hours=2)
    assert used.get(ME).status_code == 401  # three days old


def test_a_last_use_in_the_future_is_set_back_by_the_next_use(service: Service) -> None:
    jane = service.api.sign_up()
    ahead_for_a_moment(service, lambda: jane.get(ME))
    jane.get(ME)

    (session,) = jane.get("/api/auth/sessions").json()

    assert session["last_used_at"] <= service.clock.now().isoformat()
    service.clock.advance(TOUCH_INTERVAL)
    jane.get(ME)
    assert jane.get("/api/auth/sessions").json() != [session]


def test_one_who_has_all_the_sessions_that_are_allowed_can_sign_in_after_the_clock_went_back(limited: Service) -> None:
    limited.api.sign_up()
    limited.api.sign_in("jane@example.org")
    limited.clock.jump(-DAY)

    assert limited.api.sign_in("jane@example.org").get(ME).status_code == 200


# ---- limits


@pytest.mark.parametrize("is_back", [True, False], ids=["back a day", "ahead for a moment"])
def test_limits_go_on_sliding(limited: Service, is_back: bool) -> None:
    limited.api.sign_up()
    wrong = {"email": "john@example.org", "password": OTHER_PASSWORD}

    def fill() -> None:
        while limited.api.post(LOGIN, json=wrong).status_code != 429:
            pass

    if is_back:
        fill()
        limited.clock.jump(-DAY)
    else:
        ahead_for_a_moment(limited, fill)

    refused = limited.api.post(LOGIN, json=wrong)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    limited.clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert limited.api.post(LOGIN, json=wrong).status_code == 401


# ---- the outbox, and money


def test_a_job_that_fails_while_the_clock_is_ahead_is_tried_again_at_once(service: Service) -> None:
    service.api.sign_up()
    service.mails.fail_next(Unavailable("The mail server is away."))
    ahead_for_a_moment(service, lambda: service.run(service.accounts.run_due()))
    (job,) = outbox(service)
    assert job.due > service.clock.now() + DAY - timedelta(minutes=1)

    service.work()

    assert outbox(service) == []
    assert [mail.kind for mail in service.mails.delivered] == [MailKind.VERIFY_EMAIL]


def test_a_job_that_a_worker_died_over_while_the_clock_was_ahead_is_anothers_when_a_lease_is_over(
    service: Service,
) -> None:
    service.api.sign_up()
    now = service.clock.now()

    async def claim() -> None:
        async with service.stored.store.begin() as work:
            await work.outbox.claim(now=now + DAY, until=now + DAY + WORKER_LEASE, lease="lea_dead", limit=1)

    service.run(claim())

    assert service.run(service.accounts.run_due()) == WorkerRun()
    service.clock.advance(WORKER_LEASE - timedelta(seconds=1))
    assert service.run(service.accounts.run_due()) == WorkerRun()
    service.clock.advance(timedelta(seconds=1))
    assert service.run(service.accounts.run_due()) == WorkerRun(done=1)


@pytest.mark.parametrize("step", ["hold", "release", "attach"])
def test_a_hold_that_is_left_while_the_clock_is_ahead_does_not_wait_a_day(service: Service, step: str) -> None:
    jane = service.api.sign_up()
    service.work()
    service.payments.fail_next(step, ProviderBusy("Busy."))
    ahead_for_a_moment(service, lambda: jane.post(VERIFY_CARD, json={"paymentMethod": "pm_card_visa"}))

    for _ in range(2):  # the lease of whoever wrote the job down is kept
        service.run(service.accounts.run_due())
        service.clock.advance(WORKER_LEASE)
    service.run(service.accounts.run_due())

    assert service.payments.open_holds() == []
    assert len(jane.get(CARDS).json()["data"]) == 1


@pytest.mark.parametrize("is_back", [True, False], ids=["back a day", "ahead for a moment"])
def test_a_verification_that_somebody_died_over_can_be_gone_on_with(service: Service, is_back: bool) -> None:
    jane = service.api.sign_up()

    def lose() -> None:
        service.payments.fail_next("hold", ProviderBusy("Busy."))
        assert jane.post(VERIFY_CARD, json={"paymentMethod": "pm_card_visa"}).status_code == 503

    if is_back:
        lose()
        service.clock.jump(-DAY)
    else:
        ahead_for_a_moment(service, lose)
    service.clock.advance(TAKEOVER_AFTER)

    assert jane.post(VERIFY_CARD, json={"paymentMethod": "pm_card_visa"}).status_code == 200


def test_a_challenge_of_the_future_is_waited_for_as_long_as_any_other_and_no_longer(service: Service) -> None:
    jane = service.api.sign_up()
    service.work()
    service.payments.add_payment_method(a_provided_card("pm_challenged"), behaviour=Behaviour(challenge=True))
    ahead_for_a_moment(service, lambda: jane.post(VERIFY_CARD, json=CHALLENGED))

    service.run(service.accounts.run_due())
    service.clock.advance(WORKER_LEASE)
    service.run(service.accounts.run_due())
    service.clock.pass_by(minutes=59)
    service.run(service.accounts.run_due())
    assert len(service.payments.open_holds()) == 1
    service.clock.pass_by(minutes=1)
    service.run(service.accounts.run_due())

    assert service.payments.open_holds() == []


def test_events_of_stripes_are_taken_again_as_soon_as_the_clock_is_right(service: Service) -> None:
    stripe = service.clock.now()

    def deliver() -> int:
        off = stripe - service.clock.now()
        return service.run(send(service.api, service.clock, an_event("cus_1"), off=off)).status_code

    assert deliver() == 204
    for jump in (DAY, -DAY):
        service.clock.jump(jump)
        assert deliver() == 400
        service.clock.jump(-jump)
        assert deliver() == 204


# ---- requests with a key


@pytest.mark.parametrize("is_back", [True, False], ids=["back a day", "ahead for a moment"])
def test_a_request_that_somebody_died_over_is_not_in_progress_for_a_day(service: Service, is_back: bool) -> None:
    jane = service.api.sign_up()

    user, digest = UserId(jane.user["id"]), b"d" * 32

    async def claim() -> None:
        """Do what performing a request begins with, and nothing more."""
        now = service.clock.now()
        claimed = IdempotencyRecord(
            scope=digest, user_id=user, fingerprint=digest, claim="c", created_at=now, claimed_until=now + CLAIMED_FOR
        )
        async with service.stored.store.begin() as work:
            await work.idempotency.add(claimed)

    async def answer(_: object) -> IdempotentAnswer:
        return IdempotentAnswer(answer=b"done", is_final=True, took_effect=True)

    def perform() -> bool:
        performed = service.accounts.run_idempotent(user, scope=digest, fingerprint=digest, perform=answer)
        return service.run(performed).is_replayed

    if is_back:
        service.run(claim())
        service.clock.jump(-DAY)
    else:
        ahead_for_a_moment(service, lambda: service.run(claim()))
    service.clock.advance(CLAIMED_FOR)

    assert [perform(), perform()] == [False, True]


def test_an_answer_is_kept_when_the_clock_goes_back(service: Service) -> None:
    jane = service.api.sign_up()
    headers = {"Idempotency-Key": "key-1"}
    first = jane.post(TEAMS, json={"name": "Dev team"}, headers=headers)
    service.clock.jump(-DAY)
    service.run(service.accounts.run_cleanup())

    again = jane.post(TEAMS, json={"name": "Dev team"}, headers=headers)

    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
