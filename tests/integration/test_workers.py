"""The workers that a host application runs itself, on an event loop and on threads, over real databases."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import attrs
import pytest

from accounts_core import Accounts, BlockingAccounts, MailDispatch, run_sync
from accounts_core.errors import NeedsCommit, Unavailable
from accounts_core.model import OutboxJob, User
from accounts_core.model.events import DomainEvent
from accounts_core.model.jobs import JobKind
from accounts_core.results import JobHandler, WorkerRun
from accounts_core.testing.builders import a_job
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_sql import AsyncSqlStore, SqlStore, create_async_engine, create_engine, migrate
from accounts_system import BlockingWorker, SystemClock, SystemSecrets, Worker
from accounts_system.worker import working

MOST_SECONDS = 30
"""Far more than anything here takes."""
PASSWORD = "correct horse battery staple"


class Handler:
    """A host's handler: remembers the ids of its jobs and the threads it ran on."""

    def __init__(self, *failures: Exception) -> None:
        self.jobs: list[str] = []
        self.threads: set[str] = set()
        self._failures = list(failures)

    async def __call__(self, job: OutboxJob) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.jobs.append(job.id)
        self.threads.add(threading.current_thread().name)


@attrs.frozen
class Host:
    """A host application: a database, and accounts over it with handlers of its own."""

    open_blocking: Callable[[], Any]
    open_async: Callable[[], Any]
    mailer: MemoryMailer = attrs.field(factory=MemoryMailer)

    def ports(self, handlers: dict[str, JobHandler]) -> dict[str, Any]:
        clock, secrets = SystemClock(), SystemSecrets()
        return {
            "payments": MemoryGateway(clock=clock, secrets=secrets),
            "passwords": PlainHasher(),
            "mailer": self.mailer,
            "clock": clock,
            "secrets": secrets,
            "job_handlers": handlers,
            "limits": None,
            "mail_dispatch": MailDispatch.WORKER,
        }

    def accounts(self, **handlers: JobHandler) -> BlockingAccounts[Any]:
        return BlockingAccounts(store=self.open_blocking(), **self.ports(_topics(handlers)))

    def async_accounts(self, **handlers: JobHandler) -> Accounts[Any]:
        return Accounts(store=self.open_async(), **self.ports(_topics(handlers)))

    def put(self, *jobs: OutboxJob) -> None:
        async def keep() -> None:
            async with self.open_blocking().begin() as work:
                for job in jobs:
                    await work.outbox.add(job)

        run_sync(keep())


def _topics(handlers: dict[str, JobHandler]) -> dict[str, JobHandler]:
    return {f"host.{name}": handler for name, handler in handlers.items()}


@pytest.fixture(params=["memory", "sqlite"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    if request.param == "memory":
        store = MemoryStore()
        yield Host(open_blocking=lambda: store, open_async=lambda: store)
        return
    url = f"sqlite:///{tmp_path / 'accounts.db'}"
    migrate(url)
    engine, async_engine = create_engine(url), create_async_engine(url)
    yield Host(open_blocking=lambda: SqlStore(engine), open_async=lambda: AsyncSqlStore(async_engine))
    engine.dispose()
    asyncio.run(async_engine.dispose())


def until(so: Callable[[], object]) -> None:
    end = monotonic() + MOST_SECONDS
    while not so():
        assert monotonic() < end, "It did not come about."
        sleep(0.002)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.enumerate()
    yield
    after = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread.name for thread in after if thread.name.startswith("accounts-")] == []


def blocking(accounts: BlockingAccounts[Any]) -> AbstractContextManager[BlockingWorker]:
    return BlockingWorker(accounts, idle_seconds=0.01).running()


def test_threads_send_the_mails_and_do_the_hosts_jobs(host: Host) -> None:
    welcome = Handler()
    accounts = host.accounts(welcome=welcome)
    host.put(a_job(topic="host.welcome"))
    accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    with blocking(accounts):
        until(lambda: welcome.jobs and host.mailer.delivered)

    assert welcome.jobs == ["job_1"]
    assert welcome.threads == {"accounts-host"}
    assert [notice.kind.value for notice in host.mailer.delivered] == ["verify_email"]
    assert accounts.list_outbox() == []


def test_two_workers_with_other_handlers_leave_each_other_their_jobs(host: Host) -> None:
    welcome, invoice = Handler(), Handler()
    host.put(*[a_job(f"job_w{n}", topic="host.welcome") for n in range(5)])
    host.put(*[a_job(f"job_i{n}", topic="host.invoice") for n in range(5)])
    host.put(a_job("job_x", topic="host.nobodys"))

    with blocking(host.accounts(welcome=welcome)), blocking(host.accounts(invoice=invoice)):
        until(lambda: len(welcome.jobs) + len(invoice.jobs) == 10)

    assert sorted(welcome.jobs) == [f"job_w{n}" for n in range(5)]
    assert sorted(invoice.jobs) == [f"job_i{n}" for n in range(5)]
    (left,) = host.accounts().list_outbox()
    assert (left.id, left.attempts, left.dead_lettered_at) == ("job_x", 0, None)


def test_a_thread_outlives_a_job_that_fails_and_a_database_that_is_away(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    welcome = Handler(Unavailable("The printer is away."))
    host.put(a_job("job_1", topic="host.welcome"), a_job("job_2", topic="host.welcome"))

    with blocking(host.accounts(welcome=welcome)):
        until(lambda: len(welcome.jobs) == 1)

    assert "A job (host) failed and was rescheduled: `accounts outbox list` shows why." in caplog.messages


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError()], ids=lambda error: type(error).__name__)
def test_a_thread_outlives_a_job_that_would_end_a_thread_in_silence(
    host: Host, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def leaves(job: OutboxJob) -> None:
        if job.id == "job_1":
            raise error
        done.append(job.id)

    host.put(a_job("job_1", topic="host.leaves"), a_job("job_2", topic="host.leaves"))

    with blocking(host.accounts(leaves=leaves)):
        until(lambda: done == ["job_2"])

    assert "The worker (host) failed; it goes on." in caplog.messages


def test_what_is_due_is_done_once_in_the_callers_thread(host: Host) -> None:
    welcome = Handler()
    accounts = host.accounts(welcome=welcome)
    host.put(*[a_job(f"job_{n}", topic="host.welcome") for n in range(3)])
    accounts.forgot_password(email="nobody@example.org")

    assert BlockingWorker(accounts).run_once() == WorkerRun(done=4)
    assert welcome.threads == {threading.current_thread().name}


def test_a_worker_that_is_stopped_finishes_the_job_in_hand(host: Host) -> None:
    begun, finish, done = threading.Event(), threading.Event(), list[str]()

    async def slow(job: OutboxJob) -> None:
        begun.set()
        finish.wait(MOST_SECONDS)
        done.append(job.id)

    host.put(a_job("job_1", topic="host.slow"), a_job("job_2", topic="host.slow"))
    accounts = host.accounts(slow=slow)

    with blocking(accounts) as worker:
        assert begun.wait(MOST_SECONDS)
        worker.stop()
        finish.set()

    assert len(done) == 1
    assert len(accounts.list_outbox()) == 1


def test_a_kind_that_is_not_asked_for_is_left_to_another_worker(host: Host) -> None:
    welcome = Handler()
    accounts = host.accounts(welcome=welcome)
    host.put(a_job(topic="host.welcome"))
    accounts.forgot_password(email="nobody@example.org")

    assert BlockingWorker(accounts, at_once={JobKind.HOST: 1}).run_once() == WorkerRun(done=1)
    assert [job.topic for job in accounts.list_outbox()] == ["recovery_mail"]


def test_a_worker_on_an_event_loop_does_the_same(host: Host) -> None:
    welcome = Handler()
    host.put(a_job(topic="host.welcome"), a_job("job_x", topic="host.nobodys"))

    async def live() -> None:
        accounts = host.async_accounts(welcome=welcome)
        await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
        worker = Worker(accounts, idle_seconds=0.01)
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(MOST_SECONDS):
            while not (welcome.jobs and host.mailer.delivered):  # noqa: ASYNC110  it is in other tasks
                await asyncio.sleep(0.002)
        worker.stop()
        await asyncio.wait_for(running, MOST_SECONDS)

    asyncio.run(live())
    assert welcome.jobs == ["job_1"]
    assert [job.id for job in host.accounts().list_outbox()] == ["job_x"]


def test_e18_a_worker_that_was_stopped_runs_again(host: Host) -> None:
    """On threads, and on one event loop after another."""
    welcome = Handler()
    worker = BlockingWorker(host.accounts(welcome=welcome), idle_seconds=0.01)
    for number in range(2):
        host.put(a_job(f"job_{number}", topic="host.welcome"))
        with worker.running():
            until(partial(lambda done: len(welcome.jobs) == done, number + 1))

    on_a_loop = Worker(host.async_accounts(welcome=welcome), idle_seconds=0.01)

    async def lifespan(number: int) -> None:
        async with working(on_a_loop, limit_seconds=lambda: MOST_SECONDS), asyncio.timeout(MOST_SECONDS):
            host.put(a_job(f"job_{number}", topic="host.welcome"))
            while len(welcome.jobs) <= number:  # noqa: ASYNC110  it is in other tasks
                await asyncio.sleep(0.002)

    for number in (2, 3):
        asyncio.run(lifespan(number))
    assert welcome.jobs == ["job_0", "job_1", "job_2", "job_3"]


def test_a_worker_that_is_stopped_before_it_began_does_nothing(host: Host) -> None:
    welcome = Handler()
    worker = BlockingWorker(host.accounts(welcome=welcome))
    host.put(a_job(topic="host.welcome"))

    worker.stop()
    worker.run()

    assert welcome.jobs == []


def test_a_loop_that_waits_is_woken_at_once(host: Host) -> None:
    welcome = Handler()
    accounts = host.accounts(welcome=welcome)
    worker = BlockingWorker(accounts, idle_seconds=3600, at_once={JobKind.HOST: 1})

    with worker.running():
        sleep(0.05)
        host.put(a_job(topic="host.welcome"))
        worker.wake()
        until(lambda: welcome.jobs)

    assert welcome.jobs == ["job_1"]


class Voucher:
    """A host's subscriber, which puts a job of its own beside each event."""

    def __init__(self) -> None:
        self._put = 0

    async def __call__(self, work: Any, event: DomainEvent) -> None:
        self._put += 1
        await work.outbox.add(a_job(f"job_host_{self._put}", topic="host.voucher"))


def billed(accounts: BlockingAccounts[Any], email: str) -> User:
    user = accounts.register(email=email, password=PASSWORD, name="Jane Doe")
    accounts.verify_card(user.id, payment_method="pm_card_visa")
    return user


@pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "async"])
def test_e26_what_is_done_in_a_hosts_transaction_is_dispatched_right_after_its_commit(
    tmp_path: Path, is_async: bool
) -> None:
    """A mail, a job for the payment provider, and one of the host's own."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    migrate(url)
    engine, async_engine = create_engine(url), create_async_engine(url)
    host = Host(open_blocking=lambda: SqlStore(engine), open_async=lambda: AsyncSqlStore(async_engine))
    handler = Handler()
    ports = {**host.ports({"host.voucher": handler}), "mail_dispatch": MailDispatch.AFTER_COMMIT}
    gone = billed(BlockingAccounts(store=SqlStore(engine), **ports), "john@example.org")
    host.mailer.delivered.clear()
    gateway = ports["payments"]

    def in_the_transaction() -> None:
        with engine.begin() as connection:
            accounts = BlockingAccounts(store=SqlStore(connection, [Voucher()]), **ports)
            accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
            accounts.erase_user(gone.id)
            with pytest.raises(NeedsCommit):
                accounts.run_due()
            assert (host.mailer.delivered, handler.jobs) == ([], [])
        BlockingAccounts(store=SqlStore(engine), **ports).run_due()

    async def in_the_async_transaction() -> None:
        async with async_engine.begin() as connection:
            accounts = Accounts(store=AsyncSqlStore(connection, [Voucher()]), **ports)
            await accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
            await accounts.erase_user(gone.id)
            with pytest.raises(NeedsCommit):
                await accounts.run_due()
            assert (host.mailer.delivered, handler.jobs) == ([], [])
        await Accounts(store=AsyncSqlStore(async_engine), **ports).run_due()
        await async_engine.dispose()

    if is_async:
        asyncio.run(in_the_async_transaction())
    else:
        in_the_transaction()
    engine.dispose()

    assert [notice.kind.value for notice in host.mailer.delivered] == ["verify_email"]
    assert handler.jobs == ["job_host_1", "job_host_2"]
    assert [call.method for call in gateway.calls][-1] == "delete_customer"


def test_e26_a_host_without_a_worker_sends_its_mails_on_either_facade(host: Host) -> None:
    ports = {**host.ports({}), "mail_dispatch": MailDispatch.AFTER_COMMIT}

    BlockingAccounts(store=host.open_blocking(), **ports).register(
        email="jane@example.org", password=PASSWORD, name="Jane Doe"
    )
    accounts = Accounts(store=host.open_async(), **ports)
    asyncio.run(_awaited(accounts.register(email="john@example.org", password=PASSWORD, name="John Roe")))

    assert [notice.to.address for notice in host.mailer.delivered] == ["jane@example.org", "john@example.org"]
    assert host.accounts().list_outbox() == []


async def _awaited(call: Coroutine[Any, Any, object]) -> None:
    await call


def test_in_a_hosts_transaction_no_mail_is_sent_before_the_commit(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    migrate(url)
    engine = create_engine(url)
    host = Host(open_blocking=lambda: SqlStore(engine), open_async=lambda: None)
    ports = {**host.ports({}), "mail_dispatch": MailDispatch.AFTER_COMMIT}

    with engine.begin() as connection:
        accounts = BlockingAccounts(store=SqlStore(connection), **ports)
        accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
        assert host.mailer.delivered == []
    BlockingAccounts(store=SqlStore(engine), **ports).run_due()

    assert [notice.kind.value for notice in host.mailer.delivered] == ["verify_email"]
    engine.dispose()
