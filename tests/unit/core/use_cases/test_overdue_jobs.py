"""Jobs that no worker does are told of: a worker claims only what it has a handler for."""

from datetime import timedelta

from tests.unit.core.conftest import Core, Environment
from tests.unit.core.use_cases.test_worker import put

from accounts_core.results import OverdueJobs
from accounts_core.testing.builders import NOON, a_job


def test_a_job_is_overdue_when_it_was_due_for_fifteen_minutes(accounts: Core, env: Environment) -> None:
    put(env, a_job(topic="host.welcome", due=NOON))
    env.clock.advance(timedelta(minutes=15))
    assert accounts.list_overdue_jobs() == []

    env.clock.advance(timedelta(microseconds=1))

    assert accounts.list_overdue_jobs() == [OverdueJobs(topic="host.welcome", count=1, oldest_due=NOON)]


def test_a_hosts_job_survives_every_round_of_a_worker_without_its_handler(accounts: Core, env: Environment) -> None:
    """The bundled worker beside a host's own: neither parks the other's jobs."""
    put(env, a_job(topic="host.welcome", due=NOON))

    for _ in range(50):
        assert accounts.run_due().total == 0
        env.clock.advance(timedelta(hours=1))

    (job,) = accounts.list_outbox()
    assert (job.attempts, job.dead_lettered_at, job.last_error) == (0, None, None)


def test_what_is_done_or_parked_is_not_overdue(accounts: Core, env: Environment) -> None:
    put(
        env,
        a_job("job_1", topic="host.welcome", due=NOON, dead_lettered_at=NOON),
        a_job("job_2", payload={}, due=NOON),
    )
    accounts.run_due()  # parks the second, whose payload cannot be read
    env.clock.advance(timedelta(days=1))

    assert accounts.list_overdue_jobs() == []
