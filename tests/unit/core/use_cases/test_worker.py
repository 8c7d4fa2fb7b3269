"""What is due is done by a worker: once if it works, again and again if it does not, and never for ever."""

from collections.abc import Awaitable, Callable

import pytest
from tests.unit.core.conftest import Core, Environment

from accounts_core import BlockingAccounts, MailDispatch, run_sync
from accounts_core.errors import AccountsError, ConfigurationError, NotFound, ProviderBusy, ProviderRefused, Unavailable
from accounts_core.model import OutboxJob
from accounts_core.model.jobs import JOBS
from accounts_core.outbox.delays import FIRST_DELAY, LONGEST_DELAY, MOST_ATTEMPTS, WORKER_LEASE
from accounts_core.outbox.handlers import JobHandlers
from accounts_core.outbox.worker import WorkerRun
from accounts_core.testing.builders import a_job, at

WELCOME = "host.welcome"

Do = Callable[[OutboxJob], Awaitable[None]]


class Handler:
    """A host's own job handler: remembers its jobs, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.jobs: list[str] = []
        self._failures = list(failures)

    async def __call__(self, job: OutboxJob) -> None:
        self.jobs.append(job.id)
        if self._failures:
            raise self._failures.pop(0)


def worker(env: Environment, handler: Do, *, topic: str = WELCOME) -> Core:
    return BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=env.store,
        payments=env.gateway,
        passwords=env.hasher,
        mailer=env.mailer,
        clock=env.clock,
        secrets=env.secrets,
        job_handlers={topic: handler},
    )


def put(env: Environment, *jobs: OutboxJob) -> None:
    async def keep() -> None:
        async with env.store.begin() as work:
            for job in jobs:
                await work.outbox.add(job)

    run_sync(keep())


def welcome(id: str = "job_1", **overrides: object) -> OutboxJob:
    return a_job(id, topic=WELCOME, payload={}, **overrides)


def test_what_is_due_is_done_once_and_ended(env: Environment) -> None:
    handler = Handler()
    accounts = worker(env, handler)
    put(env, welcome())

    assert accounts.run_due() == WorkerRun(done=1)
    assert accounts.run_due() == WorkerRun()
    assert handler.jobs == ["job_1"]
    assert accounts.list_outbox() == []


def test_what_is_not_due_waits(env: Environment) -> None:
    handler = Handler()
    accounts = worker(env, handler)
    put(env, welcome(due=at(1)))

    assert accounts.run_due() == WorkerRun()

    env.wait(minutes=1)

    assert accounts.run_due() == WorkerRun(done=1)


def test_the_longest_due_comes_first_and_a_round_has_a_limit(env: Environment) -> None:
    handler = Handler()
    accounts = worker(env, handler)
    put(env, welcome("job_late", due=at(-1)), welcome("job_later", due=at(0)), welcome("job_latest", due=at(-2)))

    assert accounts.run_due(limit=2) == WorkerRun(done=2)
    assert handler.jobs == ["job_latest", "job_late"]


def test_one_jobs_failure_does_not_stop_the_next(env: Environment) -> None:
    handler = Handler(Unavailable("away"))
    accounts = worker(env, handler)
    put(env, welcome("job_1"), welcome("job_2"))

    assert accounts.run_due() == WorkerRun(done=1, rescheduled=1)
    assert handler.jobs == ["job_1", "job_2"]


def test_a_failing_job_is_put_off_longer_each_time_and_parked_in_the_end(env: Environment) -> None:
    handler = Handler(*(Unavailable(f"failure {number}") for number in range(MOST_ATTEMPTS)))
    accounts = worker(env, handler)
    put(env, welcome())

    for number in range(MOST_ATTEMPTS - 1):
        assert accounts.run_due() == WorkerRun(rescheduled=1)
        (job,) = accounts.list_outbox()
        shortest = min(FIRST_DELAY * 2**number, LONGEST_DELAY)
        assert shortest <= job.due - env.clock.now() <= shortest * 1.5
        assert (job.dead_lettered_at, job.last_error) == (None, f"Unavailable: failure {number}")
        env.clock.advance(job.due - env.clock.now())

    assert accounts.run_due() == WorkerRun(dead_lettered=1)
    (job,) = accounts.list_outbox()
    assert (job.attempts, job.dead_lettered_at) == (MOST_ATTEMPTS, env.clock.now())


def test_jobs_that_failed_together_part(env: Environment) -> None:
    accounts = worker(env, Handler(*(Unavailable("away") for _ in range(10))))
    put(env, *(welcome(f"job_{number}") for number in range(10)))

    accounts.run_due()

    assert len({job.due for job in accounts.list_outbox()}) > 5


@pytest.mark.parametrize(
    "error",
    [ProviderRefused("resource_missing"), ConfigurationError("wrongly put together"), NotFound("thing")],
    ids=lambda error: type(error).__name__,
)
def test_what_another_try_cannot_change_is_parked_at_once(env: Environment, error: AccountsError) -> None:
    accounts = worker(env, Handler(error))
    put(env, welcome())

    assert accounts.run_due() == WorkerRun(dead_lettered=1)
    (job,) = accounts.list_outbox()
    assert job.last_error == f"{type(error).__name__}: {error}"


def test_the_text_of_a_foreign_error_is_not_kept(env: Environment) -> None:
    accounts = worker(env, Handler(RuntimeError("card 4242424242424242")))
    put(env, welcome())

    assert accounts.run_due() == WorkerRun(rescheduled=1)
    (job,) = accounts.list_outbox()
    assert job.last_error == "RuntimeError"


def test_a_job_that_has_no_handler_here_is_left_to_a_worker_that_has_one(accounts: Core, env: Environment) -> None:
    put(env, a_job(topic="host.forgotten"))

    assert accounts.run_due() == WorkerRun()
    (job,) = accounts.list_outbox()
    assert (job.attempts, job.lease, job.dead_lettered_at) == (0, None, None)


@pytest.mark.parametrize("topic", JOBS)
def test_no_host_takes_a_topic_of_the_core(env: Environment, topic: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{topic}' belongs to accounts_core"):
        worker(env, Handler(), topic=topic)


def test_every_job_class_has_one_handler(accounts: Core) -> None:
    assert set(accounts.build(JobHandlers).table) == set(JOBS.values())


def test_what_is_parked_is_left_alone_until_it_is_retried(env: Environment) -> None:
    handler = Handler(ConfigurationError("wrongly put together"))
    accounts = worker(env, handler)
    put(env, welcome())
    accounts.run_due()
    env.wait(days=30)

    assert accounts.run_due() == WorkerRun()

    accounts.retry_job("job_1")

    assert accounts.run_due() == WorkerRun(done=1)
    assert accounts.list_outbox() == []


def test_there_is_nothing_to_retry_in_a_job_that_is_done(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.retry_job("job_1")


def test_operators_see_the_parked_ones_first_then_what_is_due_next(env: Environment) -> None:
    accounts = worker(env, Handler(ConfigurationError("wrongly put together")))
    put(env, welcome("job_parked"))
    accounts.run_due()
    put(env, welcome("job_b", due=at(2)), welcome("job_a", due=at(2)), welcome("job_soon", due=at(1)))

    assert [job.id for job in accounts.list_outbox()] == ["job_parked", "job_soon", "job_a", "job_b"]
    assert [job.id for job in accounts.list_outbox(limit=2)] == ["job_parked", "job_soon"]


@pytest.mark.parametrize("error", [None, Unavailable("away"), ConfigurationError("wrongly put together")])
def test_what_is_done_under_a_lost_lease_is_not_recorded(env: Environment, error: Exception | None) -> None:
    async def outlive_the_lease(job: OutboxJob) -> None:
        env.clock.advance(WORKER_LEASE)
        other.run_due(limit=1)
        if error is not None:
            raise error

    async def take_over(job: OutboxJob) -> None:
        raise ProviderBusy("the other one failed")

    other = worker(env, take_over)
    accounts = worker(env, outlive_the_lease)
    put(env, welcome())

    accounts.run_due(limit=1)

    (job,) = accounts.list_outbox()
    assert (job.attempts, job.dead_lettered_at, job.last_error) == (2, None, "ProviderBusy: the other one failed")
