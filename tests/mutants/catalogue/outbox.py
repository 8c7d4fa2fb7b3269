"""Effects outside the database: each at least once, and what can be seen of it once."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import WORKER, core, faults

_OUTBOX: Final = "accounts_core/use_cases/outbox.py"
_EFFECTS: Final = "accounts_core/use_cases/effects.py"

OUTBOX: Final = (
    Mutant(
        name="a job that is ended before it is done",
        file=_OUTBOX,
        old="        try:\n            again = await self._jobs.perform(job)\n        except",
        new=(
            "        try:\n"
            "            async with self._store.begin() as work:\n"
            "                await work.outbox.done(job)\n"
            "            again = await self._jobs.perform(job)\n"
            "        except"
        ),
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that fails, and is forgotten",
        file=_OUTBOX,
        old="                    await work.outbox.put_off(job, due=due, error=reason)",
        new="                    await work.outbox.done(job)",
        check=faults("sending mails"),
    ),
    Mutant(
        name="a job that is tried again at once, over and over",
        file=_OUTBOX,
        old="        due = now + self._delay(job.attempts)\n",
        new="        due = now\n",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a job that is never parked",
        file=_OUTBOX,
        old=" or job.attempts >= MOST_ATTEMPTS",
        new="",
        check=core("use_cases/test_worker.py::test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end"),
    ),
    Mutant(
        name="a refusal that is tried again",
        file=_OUTBOX,
        old="        is_final = isinstance(error, ProviderRefused | CallerError | HostError) or",
        new="        is_final = isinstance(error, CallerError | HostError) or",
        check=faults("trying a parked job again"),
    ),
    Mutant(
        name="one job's failure that stops the worker",
        file=_OUTBOX,
        old="        except Exception as error:  # noqa: BLE001",
        new="        except ProviderRefused as error:  #",
        check=core("use_cases/test_worker.py::test_one_jobs_failure_does_not_stop_the_next"),
    ),
    Mutant(
        name="a job that somebody else has by now, and whoever lost it fails",
        file=_OUTBOX,
        old="        with suppress(LeaseLost):  #",
        new="        if job:  #",
        check=core("use_cases/test_worker.py::test_what_is_done_under_a_lost_lease_is_not_recorded[None]"),
    ),
    Mutant(
        name="an effect whose failure ends it",
        file=_EFFECTS,
        old="            except WorldError:\n                continue",
        new=(
            "            except WorldError:\n"
            "                async with self._store.begin() as work:\n"
            "                    await work.outbox.done(job)"
        ),
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a mail that is another one each time it is sent",
        file="accounts_core/use_cases/mailing.py",
        old="Notice(id=job.id, to=to, purpose=purpose, values=values)",
        new='Notice(id=f"{job.id}:{job.attempts}", to=to, purpose=purpose, values=values)',
        check=faults("sending mails"),
    ),
    Mutant(
        name="a race that is lost for good",
        file="accounts_core/use_cases/retrying.py",
        old="    for _ in range(ATTEMPTS - 1 if store.commits else 0):",
        new="    for _ in range(0):",
        check=WORKER,
    ),
)
