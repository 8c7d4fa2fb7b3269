"""Starting and stopping accounts in a host's lifespan: order, failures, E18 (opened again) and E29 (never opened)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

import attrs
import pytest

from accounts_core import Accounts, MailDispatch
from accounts_core.errors import ConfigurationError, Unavailable
from accounts_core.testing.builders import a_job
from accounts_http.errors import NotRunning
from accounts_http.hosting import Hosting
from accounts_http.problems import problem_response
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_system import SystemClock, SystemSecrets, Worker
from accounts_system import worker as worker_module

P = ParamSpec("P")
MOST_SECONDS = 30


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), MOST_SECONDS))

    return run


class SchemaStore(MemoryStore):
    """A store in memory that is migrated and closed, and writes both down."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log
        self.error: Exception | None = None
        self.slow = False

    async def migrate(self) -> None:
        self._log.append("migrate")
        if self.slow:
            await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        self._log.append("migrated")

    async def close(self) -> None:
        self._log.append("closed")


class LoggedWorker(Worker):
    """A worker that writes down its runs, and fails in the first ones."""

    def __init__(self, accounts: Accounts[Any], log: list[str], *failures: BaseException) -> None:
        super().__init__(accounts, idle_seconds=0.001)
        self._log = log
        self._failures = list(failures)

    async def run(self) -> None:
        self._log.append("worker runs")
        if self._failures:
            raise self._failures.pop(0)
        await super().run()
        self._log.append("worker ended")

    def wake(self) -> None:
        self._log.append("woken")
        super().wake()


@attrs.frozen
class Host:
    log: list[str] = attrs.field(factory=list)
    jobs: list[str] = attrs.field(factory=list)
    store: SchemaStore = attrs.field(default=attrs.Factory(lambda self: SchemaStore(self.log), takes_self=True))
    handler: Callable[[Any], Coroutine[Any, Any, None]] | None = None

    def accounts(self, **others: Any) -> Accounts[Any]:
        clock, secrets = SystemClock(), SystemSecrets()
        given: dict[str, Any] = {
            "store": self.store,
            "payments": MemoryGateway(clock=clock, secrets=secrets),
            "passwords": PlainHasher(),
            "mailer": MemoryMailer(),
            "clock": clock,
            "secrets": secrets,
            "mail_dispatch": MailDispatch.WORKER,
            "job_handlers": {"shop.voucher": self.handler or self.done},
        }
        return Accounts(**given | others)

    async def done(self, job: Any) -> None:
        self.jobs.append(job.id)

    async def put(self, id: str) -> None:
        async with self.store.begin() as work:
            await work.outbox.add(a_job(id, topic="shop.voucher"))

    async def drain(self, seconds: float) -> None:
        self.log.append(f"drained within {seconds:g} s")


def runs(hosting: Hosting) -> bool:
    return hosting.is_running


async def until(so: Callable[[], object]) -> None:
    while not so():  # noqa: ASYNC110  what happens sets no event
        await asyncio.sleep(0.001)


@in_loop
async def test_it_migrates_then_works_and_at_the_end_drains_stops_and_closes() -> None:
    host = Host()
    accounts = host.accounts()
    hosting = Hosting(
        accounts, migrate=True, worker=LoggedWorker(accounts, host.log), drain=host.drain, shutdown_seconds=7
    )
    await host.put("job_1")

    async with hosting.running():
        assert runs(hosting)
        await until(lambda: host.jobs)

    assert not runs(hosting)
    assert host.log == [
        "migrate",
        "migrated",
        "worker runs",
        "drained within 7 s",
        "worker ended",
        "closed",
    ]


@in_loop
async def test_nothing_that_was_not_asked_for_is_done() -> None:
    host = Host()
    await host.put("job_1")

    async with Hosting(host.accounts()).running():
        await asyncio.sleep(0.01)

    assert host.log == ["closed"]
    assert host.jobs == []


@in_loop
async def test_a_migration_that_fails_is_raised_and_leaves_nothing_open() -> None:
    host = Host()
    host.store.error = Unavailable("The database is away.")
    accounts = host.accounts()
    hosting = Hosting(accounts, migrate=True, worker=LoggedWorker(accounts, host.log))

    with pytest.raises(Unavailable, match="database is away"):
        async with hosting.running():
            raise AssertionError

    assert host.log == ["migrate", "closed"]
    assert not runs(hosting)

    host.store.error = None
    async with hosting.running():
        await until(lambda: "worker runs" in host.log)
    assert host.log[2:] == ["migrate", "migrated", "worker runs", "worker ended", "closed"]


def test_e18_it_is_opened_again_on_another_event_loop() -> None:
    host = Host()
    accounts = host.accounts()
    hosting = Hosting(accounts, migrate=True, worker=True)

    async def once(id: str) -> None:
        await host.put(id)
        async with hosting.running():
            await until(lambda: id in host.jobs)

    for job in ("job_1", "job_2"):
        asyncio.run(once(job))

    assert host.log == ["migrate", "migrated", "closed"] * 2


@in_loop
async def test_two_lifespans_at_once_are_one_and_the_last_one_ends_it() -> None:
    host = Host()
    host.store.slow = True
    accounts = host.accounts()
    hosting = Hosting(accounts, migrate=True, worker=LoggedWorker(accounts, host.log))
    first, second = asyncio.Event(), asyncio.Event()

    async def lifespan(ends: asyncio.Event) -> None:
        async with hosting.running():
            host.log.append("serves")
            await ends.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(lifespan(first))
        group.create_task(lifespan(second))
        await until(lambda: host.log.count("serves") == 2)
        first.set()
        await asyncio.sleep(0.01)
        assert runs(hosting)
        assert "closed" not in host.log
        second.set()

    assert not runs(hosting)
    assert [each for each in host.log if each != "serves"] == [
        "migrate",
        "migrated",
        "worker runs",
        "worker ended",
        "closed",
    ]


def test_a_second_event_loop_at_the_same_time_is_refused() -> None:
    hosting = Hosting(Host().accounts())

    async def first() -> None:
        async with hosting.running():
            await asyncio.to_thread(lambda: asyncio.run(second()))
            assert runs(hosting)

    async def second() -> None:
        with pytest.raises(ConfigurationError, match="running on another event loop"):
            async with hosting.running():
                raise AssertionError

    asyncio.run(first())


def test_a_lifespan_whose_loop_ended_in_the_middle_is_forgotten() -> None:
    host = Host()
    hosting = Hosting(host.accounts(), migrate=True)
    left = []

    async def begins() -> None:
        lifespan = hosting.running()
        left.append(lifespan)
        await lifespan.__aenter__()

    async def again() -> None:
        async with hosting.running():
            assert runs(hosting)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begins())
    loop.close()
    asyncio.run(again())

    assert host.log == ["migrate", "migrated"] * 2 + ["closed"]


@in_loop
async def test_a_worker_that_dies_is_logged_and_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "RESTART_SECONDS", 0.001)
    host = Host()
    accounts = host.accounts()
    worker = LoggedWorker(accounts, host.log, RuntimeError("out of luck"), RuntimeError("again"))
    await host.put("job_1")

    async with Hosting(accounts, worker=worker).running():
        await until(lambda: host.jobs)

    assert host.log == ["worker runs"] * 3 + ["worker ended", "closed"]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in errors] == ["The worker failed. It is started again in 0.001 s."] * 2
    assert [str(record.exc_info[1]) for record in errors if record.exc_info] == ["out of luck", "again"]


@in_loop
async def test_it_ends_while_a_worker_that_died_waits_to_be_started_again(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    accounts = host.accounts()

    async with Hosting(accounts, worker=LoggedWorker(accounts, host.log, RuntimeError("out of luck"))).running():
        await until(lambda: host.log)

    assert host.log == ["worker runs", "closed"]


@in_loop
async def test_tasks_of_a_worker_that_somebody_cancels_are_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "RESTART_SECONDS", 0.001)
    host = Host()
    async with Hosting(host.accounts(), worker=True).running():
        await asyncio.sleep(0.01)
        for task in asyncio.all_tasks():
            if getattr(task.get_coro(), "__qualname__", "") == "Lane.run":
                task.cancel()
        await host.put("job_1")
        await until(lambda: host.jobs)

    assert "The worker failed. It is started again in 0.001 s." in caplog.text


@in_loop
async def test_a_job_that_raises_a_cancellation_does_not_end_its_lane(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    async def handler(job: Any) -> None:
        calls.append(job.id)
        if job.id == "job_1":
            task = asyncio.create_task(asyncio.sleep(30))
            task.cancel()
            await task

    host = Host(handler=handler)
    accounts = host.accounts()
    await host.put("job_1")
    async with Hosting(accounts, worker=Worker(accounts, idle_seconds=0.001)).running():
        await until(lambda: calls)
        await host.put("job_2")
        await until(lambda: "job_2" in calls)

    assert "The worker (host) failed; it goes on." in caplog.text


@in_loop
async def test_jobs_that_take_longer_than_the_limit_are_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    begun = asyncio.Event()

    async def handler(_: Any) -> None:
        begun.set()
        await asyncio.sleep(MOST_SECONDS)

    host = Host(handler=handler)
    await host.put("job_1")
    async with Hosting(host.accounts(), worker=True, shutdown_seconds=0.01).running():
        await begun.wait()

    assert host.log == ["closed"]
    assert "The worker was stopped in the middle of its jobs" in caplog.text


@in_loop
async def test_the_worker_claims_no_job_while_verifications_are_waited_for() -> None:
    host = Host()
    accounts = host.accounts()

    async def drain(_: float) -> None:
        await host.put("job_1")
        await asyncio.sleep(0.05)

    async with Hosting(accounts, worker=Worker(accounts, idle_seconds=0.001), drain=drain).running():
        await asyncio.sleep(0.01)

    assert host.jobs == []


@in_loop
async def test_verifications_and_jobs_have_one_limit_together() -> None:
    begun = asyncio.Event()

    async def handler(_: Any) -> None:
        begun.set()
        await asyncio.sleep(MOST_SECONDS)

    async def drain(seconds: float) -> None:
        await asyncio.sleep(seconds)

    host = Host(handler=handler)
    await host.put("job_1")
    async with Hosting(host.accounts(), worker=True, drain=drain, shutdown_seconds=1.0).running():
        await begun.wait()
        began = asyncio.get_running_loop().time()

    assert asyncio.get_running_loop().time() - began < 1.9  # and not twice that limit


@in_loop
async def test_an_error_within_or_while_draining_closes_all_the_same() -> None:
    host = Host()
    accounts = host.accounts()

    async def drain(_: float) -> None:
        raise RuntimeError("cannot drain")

    with pytest.raises(RuntimeError, match="cannot drain"):
        async with Hosting(accounts, worker=LoggedWorker(accounts, host.log), drain=drain).running():
            await until(lambda: host.log)

    assert host.log == ["worker runs", "worker ended", "closed"]


@in_loop
async def test_waking_reaches_the_worker() -> None:
    host = Host()
    accounts = host.accounts()
    hosting = Hosting(accounts, worker=LoggedWorker(accounts, host.log))
    Hosting(accounts).wake()

    hosting.wake()

    assert host.log == ["woken"]


@pytest.mark.parametrize("mail_dispatch", list(MailDispatch))
def test_a_worker_beside_accounts_that_send_mails_themselves_is_warned_of(
    mail_dispatch: MailDispatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def start() -> None:
        async with Hosting(Host().accounts(mail_dispatch=mail_dispatch), worker=True).running():
            pass

    asyncio.run(start())

    assert ("mail_dispatch=MailDispatch.WORKER" in caplog.text) is (mail_dispatch is MailDispatch.AFTER_COMMIT)


# ---- E29: nobody runs the lifespan


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        ({"migrate": True}, "the database is not migrated."),
        ({"worker": True}, "no worker runs."),
        ({"migrate": True, "worker": True}, "the database is not migrated and no worker runs."),
    ],
)
def test_e29_each_request_is_refused_and_the_log_says_once_why_and_what_to_do(
    asked: dict[str, Any], missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    hosting = Hosting(Host().accounts(), **asked)

    for _ in range(2):
        with pytest.raises(NotRunning):
            hosting.require_running()
    with pytest.raises(NotRunning) as refused:
        hosting.require_running()
    answer = problem_response(refused.value, request="GET /", retry_after_seconds=5)

    assert (answer.status, answer.headers, answer.problem.type) == (
        503,
        {"retry-after": "5"},
        "urn:accounts:problem:unavailable",
    )
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"The lifespan of the accounts is not running, so {missing}" in record.getMessage()
    for word in ("FastAPI", "Starlette", "Litestar", "lifespan=", "TestClient"):
        assert word in record.getMessage()


def test_e29_where_nothing_was_asked_for_requests_are_served_and_the_log_warns_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hosting = Hosting(Host().accounts())

    for _ in range(3):
        hosting.require_running()

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "The lifespan of the accounts is not running" in record.getMessage()


@in_loop
async def test_e29_while_a_lifespan_runs_requests_are_served(caplog: pytest.LogCaptureFixture) -> None:
    hosting = Hosting(Host().accounts(), migrate=True, worker=True)

    async with hosting.running():
        hosting.require_running()
    with pytest.raises(NotRunning):
        hosting.require_running()

    assert len(caplog.records) == 1
