"""Effects outside the database: each at least once, and what can be seen of it once."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import WORKER, core, faults

_OUTBOX: Final = "accounts_core/outbox/worker.py"
_EFFECTS: Final = "accounts_core/services/outbox_writer.py"

OUTBOX: Final = (
    Mutant(
        name="a job that is ended before it is done",
        at="accounts_core/outbox/worker.py::RunDue._run",
        old="again = await self._jobs.perform(job)",
        new=(
            "async with self._store.begin() as work:\n"
            "    await work.outbox.done(job)\n"
            "again = await self._jobs.perform(job)"
        ),
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that fails, and is forgotten",
        at="accounts_core/outbox/worker.py::RunDue._failed.let_go",
        old="work.outbox.put_off(job, due=due, error=reason)",
        new="work.outbox.done(job)",
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that is tried again at once, over and over",
        at="accounts_core/outbox/worker.py::RunDue._failed",
        old="now + self._delay(job.attempts)",
        new="now",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a job that is never parked",
        at="accounts_core/outbox/worker.py::RunDue._failed",
        old="isinstance(error, ProviderRefused | CallerError | HostError) or job.attempts >= MOST_ATTEMPTS",
        new="isinstance(error, ProviderRefused | CallerError | HostError)",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a refusal that is tried again",
        at="accounts_core/outbox/worker.py::RunDue._failed",
        old="ProviderRefused | CallerError",
        new="CallerError",
        check=faults("trying a parked job again"),
    ),
    Mutant(
        name="one job's failure that stops the worker",
        at="accounts_core/outbox/worker.py::RunDue._run",
        old="Exception",
        new="ProviderRefused",
        check=core("use_cases/test_worker.py::test_one_jobs_failure_does_not_stop_the_next"),
    ),
    Mutant(
        name="a job that somebody else has by now, and whoever lost it fails",
        at="accounts_core/outbox/worker.py::RunDue._run",
        old=("with suppress(LeaseLost):\n    await settle(self._store, end)"),
        new=("if job:\n    await settle(self._store, end)"),
        check=core("use_cases/test_worker.py::test_what_is_done_under_a_lost_lease_is_not_recorded[None]"),
    ),
    Mutant(
        name="an effect whose failure ends it",
        at="accounts_core/services/outbox_writer.py::Effects.attempt",
        old="continue",
        new=("async with self._store.begin() as work:\n    await work.outbox.done(job)"),
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a mail that is another one each time it is sent",
        at="accounts_core/services/mailer.py::Mailer._deliver",
        old="job.id",
        new="f'{job.id}:{job.attempts}'",
        check=faults("sending mails"),
    ),
    Mutant(
        name="a race that is lost for good",
        at="accounts_core/services/retry.py::settle",
        old="ATTEMPTS - 1 if store.commits else 0",
        new="0",
        check=WORKER,
    ),
)
