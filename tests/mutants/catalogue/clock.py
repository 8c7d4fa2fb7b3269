"""Times that lie in the future, by a clock that was wrong; kinds of jobs, and mail that delays nothing."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_MODEL: Final = "accounts_core/model"
_USE_CASES: Final = "accounts_core/use_cases"
_WORKER: Final = "entrypoints/accounts_cli/worker.py"


def _edge(test: str) -> str:
    return core(f"use_cases/test_edges_of_time.py::{test}")


def _clock(test: str) -> str:
    return http(f"test_clock.py::{test}")


def _lane(test: str) -> str:
    return f"tests/integration/cli/test_lanes.py::{test}"


CLOCK: Final = (
    Mutant(
        name="a clock that stands still when the machine's is set back",
        file="adapters/accounts_system/clock.py",
        old="        return datetime.now(UTC)\n",
        new=(
            "        global _latest\n"
            "        _latest = max(_latest, datetime.now(UTC))\n"
            "        return _latest\n\n\n"
            "_latest = datetime.min.replace(tzinfo=UTC)\n"
        ),
        check="tests/unit/adapters/test_system.py::test_a7_the_clock_follows_the_machine_ahead_and_back",
    ),
    Mutant(
        name="a mailed token of the future that works",
        file=f"{_MODEL}/mail_token.py",
        old="        return not is_ahead(self.created_at, now=now) and now < self.expires_at\n",
        new="        return now < self.expires_at\n",
        check=_clock(
            "test_a_reset_token_of_ten_minutes_does_not_work_for_a_day_when_the_clock_goes_back[memory-no worker]"
        ),
    ),
    Mutant(
        name="a sign-in of the future that proves who it is",
        file=f"{_MODEL}/policy.py",
        old="        if signed_in_at is None or is_ahead(signed_in_at, now=now):\n",
        new="        if signed_in_at is None:\n",
        check=_clock("test_a_sign_in_proves_nothing_once_the_clock_went_back[memory]"),
    ),
    Mutant(
        name="a sign-in of the future that is fresh when its time comes",
        file=f"{_USE_CASES}/repair_times.py",
        old="            signed_in_at = now - self._policy.reauthentication - _A_MICROSECOND\n",
        new="            signed_in_at = now\n",
        check=_clock("test_a_sign_in_of_a_clock_that_was_ahead_is_never_fresh_again[memory]"),
    ),
    Mutant(
        name="a claim of the future that is waited for",
        file=f"{_MODEL}/idempotency.py",
        old="now < self.claimed_until <= now + CLAIMED_FOR + CLOCK_SKEW\n",
        new="now < self.claimed_until\n",
        check=_clock("test_a_request_that_somebody_died_over_is_not_in_progress_for_a_day[memory-ahead for a moment]"),
    ),
    Mutant(
        name="a verification of the future that keeps its card busy",
        file=f"{_MODEL}/verification.py",
        old="now - self.updated_at >= TAKEOVER_AFTER or is_ahead(self.updated_at, now=now))",
        new="now - self.updated_at >= TAKEOVER_AFTER)",
        check=_clock("test_a_verification_that_somebody_died_over_can_be_gone_on_with[memory-ahead for a moment]"),
    ),
    Mutant(
        name="a challenge of the future that is waited for a day longer",
        file=f"{_USE_CASES}/card_verifier.py",
        old="                if verification.lies_ahead(now=self._clock.now()):\n",
        new="                if False:\n",
        check=_clock("test_a_challenge_of_the_future_is_waited_for_as_long_as_any_other_and_no_longer[memory]"),
    ),
    Mutant(
        name="a job that a wrong clock has put off for a day",
        file=f"{_USE_CASES}/outbox.py",
        old="        if kinds is None:\n            await self._bring_back()\n",
        new="",
        check=_clock("test_a_job_that_fails_while_the_clock_is_ahead_is_tried_again_at_once[memory]"),
    ),
    Mutant(
        name="a lease that is taken from its holder when its end is repaired",
        file="adapters/accounts_memory/outbox.py",
        old="due=due if job.lease is None else leased",
        new="due=due",
        check=memory_contract("TestOutbox::test_a7_what_is_due_too_far_ahead_is_brought_back_and_a_lease_is_kept"),
    ),
    Mutant(
        name="sql: what a host has scheduled is done at once",
        file="adapters/accounts_sql/repositories/outbox.py",
        old="    sa.or_(outbox.c.attempts > 0, outbox.c.topic.in_(_texts(KINDS))),\n",
        new="",
        check=sql_contract("TestOutbox::test_a7_what_a_host_schedules_far_ahead_is_left_alone[sqlite3]"),
    ),
    Mutant(
        name="attempts of the future that freeze a limit",
        file="adapters/accounts_memory/limits.py",
        old="        if wait is not None and is_ahead(self.times[-1], now=now):\n",
        new="        if False:\n",
        check=memory_contract("TestLimits::test_a7_attempts_from_the_future_neither_freeze_a_scope_nor_make_room"),
    ),
    Mutant(
        name="sql: attempts of the future that freeze a limit",
        file="adapters/accounts_sql/limits.py",
        old="        ahead_after = now + CLOCK_SKEW\n",
        new="        ahead_after = now + 100_000 * CLOCK_SKEW\n",
        check=sql_contract(
            "TestLimits::test_a7_attempts_from_the_future_neither_freeze_a_scope_nor_make_room[sqlite3]"
        ),
    ),
    Mutant(
        name="whoever has every session that is allowed cannot sign in when the clock went back",
        file=f"{_USE_CASES}/credentials.py",
        old=(
            "        await work.sessions.remove_oldest_of(user.id, keep=self._policy.sessions.most - 1)\n"
            "        await work.sessions.add(session)\n"
        ),
        new=(
            "        await work.sessions.add(session)\n"
            "        await work.sessions.remove_oldest_of(user.id, keep=self._policy.sessions.most)\n"
        ),
        check=_clock(
            "test_one_who_has_all_the_sessions_that_are_allowed_can_sign_in_after_the_clock_went_back[memory]"
        ),
    ),
    Mutant(
        name="what is settled counts from the opening",
        file=f"{_USE_CASES}/card_calls.py",
        old="        return self._clock.now() - v.updated_at >= SETTLED_AFTER\n",
        new="        return self._clock.now() - v.created_at >= SETTLED_AFTER\n",
        check=_edge("test_u10_what_is_settled_counts_from_the_last_step_and_not_from_the_opening"),
    ),
    Mutant(
        name="kept answers that are forgotten when the claim is over",
        file=f"{_USE_CASES}/tidy.py",
        old="Expired.KEPT_REQUESTS: KEPT_FOR,",
        new="Expired.KEPT_REQUESTS: KEPT_FOR / 1440,",
        check=_edge("test_u20_a_kept_answer_is_forgotten_after_a_day_and_not_when_its_claim_is_over"),
    ),
    Mutant(
        name="a worker's lease of five seconds",
        file=f"{_USE_CASES}/outbox.py",
        old="WORKER_LEASE: Final = timedelta(minutes=5)\n",
        new="WORKER_LEASE: Final = timedelta(seconds=5)\n",
        check=_edge("test_u22_a_job_is_anothers_after_five_minutes_and_not_before"),
    ),
    Mutant(
        name="a worker that sees no jump of the clock",
        file=_WORKER,
        old=" or abs(offset - self._offset) > JUMP_SECONDS:",
        new=":",
        check=_lane("test_a7_the_worker_repairs_times_at_its_start_every_minute_and_when_the_clock_jumps"),
    ),
    Mutant(
        name="a worker that does whatever is due in every lane",
        file=_WORKER,
        old="partial(accounts.run_due, limit=1, kinds=frozenset({kind})),",
        new="partial(accounts.run_due, limit=1, kinds=frozenset(JobKind)),",
        check=_lane("test_a12_a_lane_that_has_no_database_does_not_stop_the_others"),
    ),
    Mutant(
        name="money in the lane of the mails",
        file=f"{_MODEL}/outbox.py",
        old="    Topic.VERIFY_CARD: JobKind.PROVIDER,\n",
        new="    Topic.VERIFY_CARD: JobKind.MAIL,\n",
        check=_lane("test_a12_a_hold_is_let_go_while_every_mail_hangs"),
    ),
    Mutant(
        name="sql: a claim of any kind",
        file="adapters/accounts_sql/repositories/outbox.py",
        old="        .where(_IS_DUE, *_are_of(kinds))\n",
        new="        .where(_IS_DUE)\n",
        check=sql_contract("TestOutbox::test_a12_each_kind_is_claimed_whatever_waits_of_another[sqlite3]"),
    ),
    Mutant(
        name="an invitation that waits for the mail server",
        file=f"{_USE_CASES}/effects.py",
        old="        assert kind_of(topic) is not JobKind.MAIL,",
        new="        assert topic,",
        check=_edge("test_a12_a_mail_can_only_be_left_to_a_worker"),
    ),
    Mutant(
        name="a mail that takes as long as its server likes",
        file="adapters/accounts_smtp/smtp.py",
        old="            async with asyncio.timeout(self.total_seconds):\n",
        new="            async with asyncio.timeout(30):\n",
        check=(
            "tests/integration/smtp/test_smtp_notifier.py::"
            "test_a12_a_server_that_answers_each_command_just_in_time_is_not_waited_for_either"
        ),
    ),
    Mutant(
        name="a mail that was taken and is sent again because the server says no goodbye",
        file="adapters/accounts_smtp/smtp.py",
        old="            with suppress(aiosmtplib.SMTPException, OSError, ValueError):\n",
        new="            with suppress(ValueError):\n",
        check=(
            "tests/integration/smtp/test_smtp_notifier.py::"
            "test_a12_a_mail_that_was_taken_is_delivered_though_the_server_does_not_say_goodbye"
        ),
    ),
)
