"""Times that lie in the future, by a clock that was wrong; kinds of jobs, and mail that delays nothing."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_MODEL: Final = "accounts_core/model"
_WORKER: Final = "adapters/accounts_system/worker.py"


def _edge(test: str) -> str:
    return core(f"use_cases/test_edges_of_time.py::{test}")


def _clock(test: str) -> str:
    return http(f"test_clock.py::{test}")


def _lane(test: str) -> str:
    return f"tests/integration/service/test_lanes.py::{test}"


CLOCK: Final = (
    Mutant(
        name="a clock that stands still when the machine's is set back",
        at="adapters/accounts_system/clock.py::SystemClock.now",
        old="return datetime.now(UTC)",
        new=(
            "now = max(datetime.now(UTC), getattr(SystemClock, 'latest', datetime.min.replace(tzinfo=UTC)))\n"
            "setattr(SystemClock, 'latest', now)\n"
            "return now"
        ),
        check="tests/unit/adapters/test_system.py::test_a7_the_clock_follows_the_machine_ahead_and_back",
    ),
    Mutant(
        name="a mailed token of the future that works",
        at="accounts_core/model/mail_token.py::MailToken.is_live",
        old="not is_ahead(self.created_at, now=now) and now < self.expires_at",
        new="now < self.expires_at",
        check=_clock(
            "test_a_reset_token_of_ten_minutes_does_not_work_for_a_day_when_the_clock_goes_back[memory-no worker]"
        ),
    ),
    Mutant(
        name="a sign-in of the future that proves who it is",
        at="accounts_core/model/policy.py::Policy.is_recent",
        old="signed_in_at is None or is_ahead(signed_in_at, now=now)",
        new="signed_in_at is None",
        check=_clock("test_a_sign_in_proves_nothing_once_the_clock_went_back[memory]"),
    ),
    Mutant(
        name="a sign-in of the future that is fresh when its time comes",
        at="accounts_core/use_cases/operations/repair_times.py::RepairTimes.__call__.repair",
        old="now - self._policy.reauthentication - _A_MICROSECOND",
        new="now",
        check=_clock("test_a_sign_in_of_a_clock_that_was_ahead_is_never_fresh_again[memory]"),
    ),
    Mutant(
        name="a claim of the future that is waited for",
        at="accounts_core/model/idempotency.py::IdempotencyRecord.is_running",
        old="now < self.claimed_until <= now + CLAIMED_FOR + CLOCK_SKEW",
        new="now < self.claimed_until",
        check=_clock("test_a_request_that_somebody_died_over_is_not_in_progress_for_a_day[memory-ahead for a moment]"),
    ),
    Mutant(
        name="a verification of the future that keeps its card busy",
        at="accounts_core/model/verification.py::CardVerification.is_stale",
        old="now - self.updated_at >= TAKEOVER_AFTER or is_ahead(self.updated_at, now=now)",
        new="now - self.updated_at >= TAKEOVER_AFTER",
        check=_clock("test_a_verification_that_somebody_died_over_can_be_gone_on_with[memory-ahead for a moment]"),
    ),
    Mutant(
        name="a challenge of the future that is waited for a day longer",
        at="accounts_core/services/card_verifier.py::CardVerifier.drive",
        old="verification.lies_ahead(now=self._clock.now())",
        new="False",
        check=_clock("test_a_challenge_of_the_future_is_waited_for_as_long_as_any_other_and_no_longer[memory]"),
    ),
    Mutant(
        name="a job that a wrong clock has put off for a day",
        at="accounts_core/outbox/worker.py::RunWorker.__call__",
        old=("if kinds is None:\n    await self._bring_back()"),
        new="",
        check=_clock("test_a_job_that_fails_while_the_clock_is_ahead_is_tried_again_at_once[memory]"),
    ),
    Mutant(
        name="a lease that is taken from its holder when its end is repaired",
        at="adapters/accounts_memory/outbox.py::MemoryOutbox.correct_due_times",
        old="due if job.lease is None else leased",
        new="due",
        check=memory_contract("TestOutbox::test_a7_what_is_due_too_far_ahead_is_brought_back_and_a_lease_is_kept"),
    ),
    Mutant(
        name="sql: what a host has scheduled is done at once",
        at="adapters/accounts_sql/repositories/outbox.py",
        old=(
            "sa.and_(\n"
            "    _IS_NOT_DEAD,\n"
            '    outbox.c.due > by_moment("after"),\n'
            "    sa.or_(outbox.c.attempts > 0, outbox.c.topic.in_(_texts(JOBS))),\n"
            ")"
        ),
        new="sa.and_(_IS_NOT_DEAD, outbox.c.due > by_moment('after'))",
        check=sql_contract("TestOutbox::test_a7_what_a_host_schedules_far_ahead_is_left_alone[sqlite3]"),
    ),
    Mutant(
        name="attempts of the future that freeze a limit",
        at="adapters/accounts_memory/rate_limiter.py::_Log.wait",
        old="wait is not None and is_ahead(self.times[-1], now=now)",
        new="False",
        check=memory_contract("TestLimits::test_a7_attempts_from_the_future_neither_freeze_a_scope_nor_make_room"),
    ),
    Mutant(
        name="sql: attempts of the future that freeze a limit",
        at="adapters/accounts_sql/repositories/attempts.py::Attempts._wait",
        old="CLOCK_SKEW",
        new="100000 * CLOCK_SKEW",
        check=sql_contract(
            "TestLimits::test_a7_attempts_from_the_future_neither_freeze_a_scope_nor_make_room[sqlite3]"
        ),
    ),
    Mutant(
        name="whoever has every session that is allowed cannot sign in when the clock went back",
        at="accounts_core/services/session_opener.py::SessionOpener.open",
        old=(
            "await work.sessions.delete_oldest_for_user(user.id, keep=self._policy.sessions.most - 1)\n"
            "await work.sessions.add(session)"
        ),
        new=(
            "await work.sessions.add(session)\n"
            "await work.sessions.delete_oldest_for_user(user.id, keep=self._policy.sessions.most)"
        ),
        check=_clock(
            "test_one_who_has_all_the_sessions_that_are_allowed_can_sign_in_after_the_clock_went_back[memory]"
        ),
    ),
    Mutant(
        name="what is settled counts from the opening",
        at="accounts_core/services/card_calls.py::CardCalls._is_settled",
        old="v.updated_at",
        new="v.created_at",
        check=_edge("test_u10_what_is_settled_counts_from_the_last_step_and_not_from_the_opening"),
    ),
    Mutant(
        name="kept answers that are forgotten when the claim is over",
        at="accounts_core/services/expiry.py::expiries",
        old="KEPT_FOR",
        new="KEPT_FOR / 1440",
        check=_edge("test_u20_a_kept_answer_is_forgotten_after_a_day_and_not_when_its_claim_is_over"),
    ),
    Mutant(
        name="a worker's lease of five seconds",
        at="accounts_core/outbox/delays.py",
        old="timedelta(minutes=5)",
        new="timedelta(seconds=5)",
        check=_edge("test_u22_a_job_is_anothers_after_five_minutes_and_not_before"),
    ),
    Mutant(
        name="a worker that sees no jump of the clock",
        at="adapters/accounts_system/care.py::Care.step",
        old="now >= self._repair_at or abs(offset - self._offset) > JUMP_SECONDS",
        new="now >= self._repair_at",
        check="tests/unit/adapters/test_care.py::test_a7_times_are_repaired_at_the_start_every_minute_and_when_the_clock_jumps",
    ),
    Mutant(
        name="a worker that does whatever is due in every lane",
        at=f"{_WORKER}::Worker.__init__",
        old="{kind}",
        new="JobKind",
        check=_lane("test_a12_a_lane_that_has_no_database_does_not_stop_the_others"),
    ),
    Mutant(
        name="money in the lane of the mails",
        at="accounts_core/model/jobs.py",
        old="stored_as('verify_card', JobKind.PROVIDER)",
        new="stored_as('verify_card', JobKind.MAIL)",
        check=_lane("test_a12_a_hold_is_let_go_while_every_mail_hangs"),
    ),
    Mutant(
        name="sql: a claim of any kind",
        at="adapters/accounts_sql/repositories/outbox.py::_due",
        old="sa.select(*rows.JOB).where(_IS_DUE, *_are_among(topics))",
        new="sa.select(*rows.JOB).where(_IS_DUE)",
        check=sql_contract("TestOutbox::test_a12_each_topic_is_claimed_whatever_waits_of_another[sqlite3]"),
    ),
    Mutant(
        name="an invitation that waits for the mail server",
        at="accounts_core/services/outbox_writer.py::OutboxWriter.enqueue",
        old="data.kind is not JobKind.MAIL",
        new="data",
        check=_edge("test_a12_a_mail_can_only_be_left_to_a_worker"),
    ),
    Mutant(
        name="a mail that takes as long as its server likes",
        at="adapters/accounts_smtp/smtp.py::SmtpMailer._talk",
        old="self.total_seconds",
        new="30",
        check=(
            "tests/integration/smtp/test_smtp_mailer.py::"
            "test_a12_a_server_that_answers_each_command_just_in_time_is_not_waited_for_either"
        ),
    ),
    Mutant(
        name="a mail that was taken and is sent again because the server says no goodbye",
        at="adapters/accounts_smtp/smtp.py::SmtpMailer._talk",
        old="suppress(aiosmtplib.SMTPException, OSError, ValueError)",
        new="suppress(ValueError)",
        check=(
            "tests/integration/smtp/test_smtp_mailer.py::"
            "test_a12_a_mail_that_was_taken_is_delivered_though_the_server_does_not_say_goodbye"
        ),
    ),
)
