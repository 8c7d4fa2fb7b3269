"""Effects outside the database: each at least once, and what can be seen of it once."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import WORKER, core, faults, memory_contract, sql_contract

_OUTBOX: Final = "accounts_core/outbox/worker.py"
_WRITER: Final = "accounts_core/services/outbox_writer.py"
_MAILS_AFTER: Final = "use_cases/test_mails_after_commit.py"
_ALARM: Final = (
    "tests/unit/adapters/test_care.py::test_jobs_that_nobody_does_are_told_of_once_an_hour_and_when_they_are_done_again"
)

OUTBOX: Final = (
    Mutant(
        name="a job that is ended before it is done",
        at="accounts_core/outbox/worker.py::RunWorker._run",
        old="again = await self._handlers.perform(job)",
        new=(
            "async with self._store.begin() as work:\n"
            "    await work.outbox.complete(job)\n"
            "again = await self._handlers.perform(job)"
        ),
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that fails, and is forgotten",
        at="accounts_core/outbox/worker.py::RunWorker._failed.postpone",
        old="work.outbox.reschedule(job, due=due, error=reason)",
        new="work.outbox.complete(job)",
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that is tried again at once, over and over",
        at="accounts_core/outbox/worker.py::RunWorker._failed",
        old="now + self._delay(job.attempts)",
        new="now",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a job that is never parked",
        at="accounts_core/outbox/worker.py::RunWorker._failed",
        old="isinstance(error, ProviderRefused | ClientError | ConfigurationError) or job.attempts >= MOST_ATTEMPTS",
        new="isinstance(error, ProviderRefused | ClientError | ConfigurationError)",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a refusal that is tried again",
        at="accounts_core/outbox/worker.py::RunWorker._failed",
        old="ProviderRefused | ClientError",
        new="ClientError",
        check=faults("trying a parked job again"),
    ),
    Mutant(
        name="one job's failure that stops the worker",
        at="accounts_core/outbox/worker.py::RunWorker._run",
        old="Exception",
        new="ProviderRefused",
        check=core("use_cases/test_worker.py::test_one_jobs_failure_does_not_stop_the_next"),
    ),
    Mutant(
        name="a job that somebody else has by now, and whoever lost it fails",
        at="accounts_core/outbox/worker.py::RunWorker._run",
        old=("with suppress(LeaseLost):\n    await retry_on_conflict(self._store, end)"),
        new=("if job:\n    await retry_on_conflict(self._store, end)"),
        check=core("use_cases/test_worker.py::test_what_is_done_under_a_lost_lease_is_not_recorded[None]"),
    ),
    Mutant(
        name="an effect whose failure ends it",
        at="accounts_core/services/outbox_writer.py::OutboxWriter.dispatch_now",
        old="continue",
        new=("async with self._store.begin() as work:\n    await work.outbox.complete(job)"),
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a mail that is another one each time it is sent",
        at="accounts_core/outbox/mails.py::Mails.deliver",
        old="job.id",
        new="f'{job.id}:{job.attempts}'",
        check=faults("sending mails"),
    ),
    Mutant(
        name="a race that is lost for good",
        at="accounts_core/services/retry.py::retry_on_conflict",
        old="ATTEMPTS - 1 if store.commits else 0",
        new="0",
        check=WORKER,
    ),
    Mutant(
        name="a worker that claims what it has no handler for",
        at="accounts_core/outbox/worker.py::RunWorker._claim.attempt",
        old="work.outbox.claim(now=now, until=now + WORKER_LEASE, lease=lease, limit=1, topics=topics)",
        new="work.outbox.claim(now=now, until=now + WORKER_LEASE, lease=lease, limit=1)",
        check=core(f"{_MAILS_AFTER}::test_only_mails_are_done_by_the_call"),
    ),
    Mutant(
        name="a host that takes over a topic of the core",
        at="accounts_core/outbox/handlers.py::check_handlers",
        old="topic in JOBS",
        new="topic == 'verify_card'",
        check=core("use_cases/test_worker.py::test_no_host_takes_a_topic_of_the_core[sign_up]"),
    ),
    Mutant(
        name="a commit whose mails nobody looks for",
        at="accounts_core/outbox/after_commit.py::NotingStore.begin",
        old="self._noted.is_noted = True",
        new="self._noted.is_noted = False",
        check=core(f"{_MAILS_AFTER}::test_a_mail_is_sent_when_the_call_returns"),
    ),
    Mutant(
        name="a refusal whose mail is never sent",
        at="accounts_core/facade.py::_Method._asynchronous.call",
        old="await ports.send_mails()\nraise",
        new="raise",
        check=core(f"{_MAILS_AFTER}::test_a_refusal_that_causes_a_mail_sends_it_and_is_raised"),
    ),
    Mutant(
        name="a call that goes on with a mail server that is away",
        at="accounts_core/outbox/after_commit.py::DispatchMails.__call__",
        old="not ran.done",
        new="not ran.total",
        check=core(f"{_MAILS_AFTER}::test_a_mail_server_that_is_away_is_asked_once_a_call_and_no_more"),
    ),
    Mutant(
        name="a read that looks for mails each time",
        at="accounts_core/container.py::Ports.send_mails",
        old="self._commits.is_noted = False",
        new="",
        check=core(f"{_MAILS_AFTER}::test_a_read_looks_for_no_mails"),
    ),
    Mutant(
        name="a mail that is sent before the host's transaction has committed",
        at="accounts_core/container.py::Ports.sends_mails_itself",
        old="self.mail_dispatch is MailDispatch.AFTER_COMMIT and self._store.commits",
        new="self.mail_dispatch is MailDispatch.AFTER_COMMIT",
        check="tests/integration/test_workers.py::test_in_a_hosts_transaction_no_mail_is_sent_before_the_commit",
    ),
    Mutant(
        name="a job whose content is missing, and that is tried for a day",
        at="accounts_core/model/jobs.py::read_job",
        old="(LookupError, ValueError, Invalid)",
        new="(ValueError, Invalid)",
        check=core("model/test_jobs.py"),
    ),
    Mutant(
        name="an alarm at the start of every worker",
        at="adapters/accounts_system/care.py::Care._alarm",
        old="topic not in self._overdue or is_repeated",
        new="is_repeated",
        check=_ALARM,
    ),
    Mutant(
        name="an alarm every minute",
        at="adapters/accounts_system/care.py::Care._alarm",
        old="topic not in self._overdue or is_repeated",
        new="topic not in self._overdue",
        check=_ALARM,
    ),
    Mutant(
        name="memory: dead-lettered jobs that count as overdue",
        at="adapters/accounts_memory/outbox.py::MemoryOutboxReader.list_overdue",
        old="job.dead_lettered_at is None and job.due < before",
        new="job.due < before",
        check=memory_contract("TestOutbox::test_overdue_jobs_are_counted_by_topic_with_the_oldest_first"),
    ),
    Mutant(
        name="sql: jobs that are overdue a moment early",
        at="adapters/accounts_sql/repositories/outbox.py",
        old="outbox.c.due < by_moment('before')",
        new="outbox.c.due <= by_moment('before')",
        check=sql_contract("TestOutbox::test_overdue_jobs_are_counted_by_topic_with_the_oldest_first[sqlite3]"),
    ),
    Mutant(
        name="a sign-in whose token is lost because the failures cannot be reset",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy.reset_failures",
        old="with suppress(InfrastructureError):\n    await self._limits.reset(SIGN_IN, f'{FAILURES}:{email.key}')",
        new="await self._limits.reset(SIGN_IN, f'{FAILURES}:{email.key}')",
        check=core("use_cases/test_attempts.py::test_whoever_is_signed_in_gets_the_token_though_limits_are_away"),
    ),
)
