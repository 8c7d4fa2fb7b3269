"""Spans at their edges (U10, U20, U22), and stored times that lie in the future (A7), moment by moment."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import Core, Environment
from tests.unit.core.use_cases.test_run_idempotent import Renaming, once
from tests.unit.core.use_cases.test_worker import Handler, put, welcome, worker

from accounts_core import Policy, run_sync
from accounts_core.errors import ProviderAmbiguous, ProviderBusy, VerificationInProgress
from accounts_core.model import CardPolicy, OutboxJob, User
from accounts_core.model.events import CardRejected
from accounts_core.model.idempotency import CLAIMED_FOR, KEPT_FOR, IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import InvitationMailJob, JobKind, RecoveryMailJob
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.session import TOUCH_INTERVAL
from accounts_core.model.times import CLOCK_SKEW, is_ahead
from accounts_core.outbox.correct_due_times import MAX_CORRECTED
from accounts_core.outbox.delays import LONGEST_DELAY, WORKER_LEASE
from accounts_core.outbox.worker import WorkerRun
from accounts_core.services.card_calls import SETTLED_AFTER
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.builders import NOON, a_session, a_verification, at

A_MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def test_u22_a_job_is_anothers_after_five_minutes_and_not_before(env: Environment) -> None:
    assert timedelta(minutes=5) == WORKER_LEASE
    found: list[WorkerRun] = []

    async def die_over_it(_: OutboxJob) -> None:
        for span in (timedelta(minutes=4), timedelta(minutes=1) - A_MICROSECOND, A_MICROSECOND):
            env.clock.advance(span)
            found.append(other.run_due())
        raise KeyboardInterrupt

    handler = Handler()
    other = worker(env, handler)
    put(env, welcome())

    with pytest.raises(KeyboardInterrupt):
        worker(env, die_over_it).run_due()

    assert [WorkerRun(), WorkerRun(), WorkerRun(done=1)] == found


def test_u20_a_kept_answer_is_forgotten_after_a_day_and_not_when_its_claim_is_over(
    accounts: Core, jane: User, env: Environment
) -> None:
    assert timedelta(hours=24) == KEPT_FOR
    renaming = Renaming(accounts, jane)
    once(accounts, jane, renaming)
    for span in (timedelta(hours=23), timedelta(hours=1) - A_MICROSECOND):
        env.clock.advance(span)
        assert accounts.run_cleanup().requests == 0
        assert once(accounts, jane, renaming).is_replayed

    env.clock.advance(A_MICROSECOND)
    assert accounts.run_cleanup().requests == 1  # it is exactly a day old, and counts for nothing any more
    assert not once(accounts, jane, renaming).is_replayed
    assert renaming.times == 2


def test_u20_a_mailed_token_is_forgotten_when_it_expires(accounts: Core, jane: User, env: Environment) -> None:
    accounts.forgot_password(email=jane.email)
    accounts.run_due()
    env.clock.advance(timedelta(minutes=10) - A_MICROSECOND)
    assert accounts.run_cleanup().mail_tokens == 0

    env.clock.advance(A_MICROSECOND)

    assert accounts.run_cleanup().mail_tokens == 1


@pytest.mark.parametrize("is_idle", [True, False])
def test_u20_a_session_is_forgotten_when_it_is_over(env: Environment, jane: User, is_idle: bool) -> None:
    span = timedelta(hours=5)
    policy = SessionPolicy(idle=span) if is_idle else SessionPolicy(lifetime=span, idle=DAY)
    accounts = env.accounts(Policy(sessions=policy))
    accounts.sign_in(email="jane@example.org", password="correct horse battery staple")
    env.clock.advance(span - A_MICROSECOND)
    assert accounts.run_cleanup().sessions == 0

    env.clock.advance(A_MICROSECOND)

    assert accounts.run_cleanup().sessions == 1


def test_u10_what_is_settled_counts_from_the_last_step_and_not_from_the_opening(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.fail_next("create_customer", ProviderBusy("Away."))
    with pytest.raises(ProviderBusy):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(timedelta(minutes=20))
    for _ in range(30):
        env.gateway.fail_next("hold", ProviderAmbiguous(replays=True))

    assert accounts.run_due() == WorkerRun(rescheduled=1)  # the customer is known from now on
    assert env.events.of(CardRejected) == []
    (job,) = accounts.list_outbox()
    last_step = env.clock.now()
    env.clock.advance(SETTLED_AFTER - A_MICROSECOND)
    accounts.retry_job(job.id)
    assert accounts.run_due() == WorkerRun(rescheduled=1)
    env.clock.advance(A_MICROSECOND)
    accounts.retry_job(job.id)

    assert accounts.run_due() == WorkerRun(done=2)  # and the customer is read
    (rejected,) = env.events.of(CardRejected)
    assert rejected.at == last_step + timedelta(minutes=15)


# ---- A7: what lies in the future


def test_a7_a_minute_is_what_clocks_may_differ_by() -> None:
    assert timedelta(minutes=1) == CLOCK_SKEW
    assert not is_ahead(NOON + CLOCK_SKEW, now=NOON)
    assert is_ahead(NOON + CLOCK_SKEW + A_MICROSECOND, now=NOON)


def test_a7_a_sign_in_of_the_future_proves_nothing() -> None:
    policy = Policy()

    for ahead, proves in ((timedelta(0), True), (CLOCK_SKEW, True), (CLOCK_SKEW + A_MICROSECOND, False), (DAY, False)):
        assert policy.is_recent(NOON + ahead, now=NOON) is proves
    assert Policy(reauthentication=timedelta(0)).is_recent(NOON + DAY, now=NOON)
    assert policy.is_recent(NOON, now=NOON + policy.reauthentication)
    assert not policy.is_recent(NOON, now=NOON + policy.reauthentication + A_MICROSECOND)


def test_a7_a_last_use_of_the_future_is_written_again() -> None:
    session = a_session(last_used_at=NOON)

    assert not session.needs_touch(now=NOON - CLOCK_SKEW)
    assert session.needs_touch(now=NOON - CLOCK_SKEW - A_MICROSECOND)
    assert not session.needs_touch(now=NOON + TOUCH_INTERVAL - A_MICROSECOND)
    assert session.needs_touch(now=NOON + TOUCH_INTERVAL)


def test_a7_a_claim_that_ends_later_than_any_can_is_nobodys() -> None:
    request = IdempotencyRecord(
        scope=b"s", user_id=UserId(1), fingerprint=b"f", claim="c", created_at=NOON, claimed_until=NOON + CLAIMED_FOR
    )

    assert request.is_running(now=NOON - CLOCK_SKEW)
    assert not request.is_running(now=NOON - CLOCK_SKEW - A_MICROSECOND)
    assert request.is_running(now=NOON + CLAIMED_FOR - A_MICROSECOND)
    assert not request.is_running(now=NOON + CLAIMED_FOR)
    assert request.is_kept(now=NOON - DAY)


def test_a7_a_verification_that_was_moved_in_the_future_is_nobodys() -> None:
    verification = a_verification(created_at=NOON, updated_at=at(5))

    assert not verification.is_stale(now=at(5) - CLOCK_SKEW)
    assert verification.is_stale(now=at(5) - CLOCK_SKEW - A_MICROSECOND)
    redated = verification.redated(now=at(2))
    assert (redated.created_at, redated.updated_at) == (NOON, at(2))


def test_a7_a_verification_that_is_dated_anew_is_driven_on_by_whoever_did_it(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.fail_next("hold", ProviderBusy("Busy."))
    env.clock.jump(DAY)
    with pytest.raises(ProviderBusy):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.jump(-DAY)

    assert accounts.verify_card(jane.id, payment_method="pm_card_visa").payment_method is not None  # type: ignore[union-attr]
    assert len(env.gateway.holds) == 1
    assert accounts.list_outbox() == []


def test_a7_a_verification_that_somebody_has_just_moved_is_theirs(accounts: Core, jane: User, env: Environment) -> None:
    env.gateway.fail_next("hold", ProviderBusy("Busy."))
    with pytest.raises(ProviderBusy):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.jump(-CLOCK_SKEW)

    with pytest.raises(VerificationInProgress):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")


@pytest.mark.parametrize(
    ("challenge_limit", "longest"),
    [(timedelta(hours=1), LONGEST_DELAY * 1.5), (timedelta(hours=7), timedelta(hours=7))],
)
def test_a7_no_job_waits_longer_than_the_longest_delay_and_none_that_does_not_is_hurried(
    env: Environment, challenge_limit: timedelta, longest: timedelta
) -> None:
    accounts = env.accounts(Policy(cards=CardPolicy(challenge_limit=challenge_limit)))
    longest += CLOCK_SKEW
    put(
        env,
        welcome("job_in_time", due=NOON + longest, attempts=1),
        welcome("job_overlong", due=NOON + longest + A_MICROSECOND, attempts=1),
    )

    assert accounts.repair_times().jobs == 1
    assert [job.due for job in accounts.list_outbox()] == [NOON, NOON + longest]


def test_a7_a_host_that_only_runs_what_is_due_has_times_repaired_too(env: Environment) -> None:
    handler = Handler()
    accounts = worker(env, handler)
    put(env, welcome(due=NOON + DAY, attempts=1))

    assert accounts.run_due(kinds=set(JobKind)) == WorkerRun()
    assert accounts.run_due() == WorkerRun(done=1)


def test_a7_more_than_are_brought_back_at_once_are_brought_back_next_time(env: Environment, accounts: Core) -> None:
    put(env, *[welcome(f"job_{n}", due=NOON + DAY, attempts=1) for n in range(MAX_CORRECTED + 1)])

    assert [accounts.repair_times().jobs for _ in range(3)] == [MAX_CORRECTED, 1, 0]


def test_a7_a_repaired_session_lives_as_long_as_another_and_no_longer(
    accounts: Core, signed_in: SignInResult, env: Environment
) -> None:
    policy = Policy()
    env.clock.jump(-DAY)

    assert accounts.repair_times().sessions == 1

    (session,) = accounts.list_sessions(signed_in.user.id)
    assert session.last_used_at == env.clock.now()
    assert session.expires_at - session.created_at == policy.sessions.lifetime
    assert not policy.is_recent(session.created_at, now=env.clock.now())
    assert env.clock.now() - session.created_at == policy.reauthentication + A_MICROSECOND
    assert accounts.authenticate(signed_in.token).session == session


# ---- A12: kinds of jobs


def test_a12_a_worker_of_one_kind_does_that_and_nothing_else(accounts: Core, env: Environment, jane: User) -> None:
    accounts.forgot_password(email=jane.email)
    accounts.receive_provider_event(id="evt_1", customer_id="cus_1")

    assert accounts.run_due(kinds={JobKind.PROVIDER}) == WorkerRun(done=1)
    assert [job.topic for job in accounts.list_outbox()] == [RecoveryMailJob.topic]
    assert accounts.run_due(kinds={JobKind.HOST, JobKind.PROVIDER}) == WorkerRun()
    assert env.mailer.delivered == []
    assert accounts.run_due(kinds={JobKind.MAIL}) == WorkerRun(done=1)
    assert len(env.mailer.delivered) == 1


def test_a12_a_mail_can_only_be_left_to_a_worker(accounts: Core, env: Environment) -> None:
    outbox = accounts.build(OutboxWriter)

    async def write_down() -> None:
        async with env.store.begin() as work:
            await outbox.enqueue(work, InvitationMailJob(invitation="inv_1"))

    with pytest.raises(AssertionError, match="wait for the mail server"):
        run_sync(write_down())
