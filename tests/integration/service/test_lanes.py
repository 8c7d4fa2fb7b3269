"""A12: the worker runs the kinds of jobs apart, so that mail never delays money."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, cast

import attrs
import httpx
import pytest
from tests.integration.cli.harness import PASSWORD, Run, Serve
from tests.integration.smtp.hanging import hanging_server

from accounts_core import Accounts, MailDispatch, run_sync
from accounts_core.errors import ProviderBusy, Unavailable
from accounts_core.model.jobs import JobKind
from accounts_core.model.outbox import OverdueJobs
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.mailer import MailMessage
from accounts_core.ports.store import UnitOfWork
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.operations.repair_times import TimesRepairResult
from accounts_memory import ManualClock, MemoryGateway, MemoryStore, PlainHasher, SequenceSecrets
from accounts_system.lanes import Lane
from accounts_system.reports import LaneReport
from accounts_system.worker import AT_ONCE, Worker, working

MOST_SECONDS = 30
"""Far more than anything here takes; what hangs would hang for ever."""
MAILS = 12


@attrs.define
class HangingMailer:
    """Begins to deliver, and waits until it is let go."""

    begun: list[MailMessage] = attrs.field(factory=list)
    ended: int = 0
    let_go: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def deliver(self, notice: MailMessage) -> None:
        self.begun.append(notice)
        await self.let_go.wait()
        self.ended += 1


class Environment:
    """Twelve mails that wait, and a hold whose release has failed once."""

    def __init__(self) -> None:
        clock, secrets = ManualClock(NOON), SequenceSecrets()
        self.mailer = HangingMailer()
        self.gateway = MemoryGateway(clock=clock, secrets=secrets)
        self.accounts: Accounts[Any, UnitOfWork] = Accounts(
            mail_dispatch=MailDispatch.WORKER,
            limits=None,
            store=MemoryStore(),
            payments=self.gateway,
            passwords=PlainHasher(),
            mailer=self.mailer,
            clock=clock,
            secrets=secrets,
        )
        run_sync(self._fill())
        clock.advance(LEASE)

    async def _fill(self) -> None:
        for number in range(1, MAILS):
            await self.accounts.register(email=f"user{number}@example.org", password=PASSWORD, name="John Smith")
        user = await self.accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
        self.gateway.fail_next("release", ProviderBusy("Busy."))
        with pytest.raises(ProviderBusy):
            await self.accounts.verify_card(user.id, payment_method="pm_card_visa")
        assert len(self.gateway.open_holds()) == 1


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(MOST_SECONDS):
        while not so():  # noqa: ASYNC110  what is waited for is in other tasks, and some of it in other processes
            await asyncio.sleep(0.001)


def test_a12_a_hold_is_let_go_while_every_mail_hangs() -> None:
    async def live() -> None:
        env = Environment()
        worker = Worker(env.accounts, idle_seconds=0.001)
        running = asyncio.create_task(worker.run())
        await until(lambda: len(env.mailer.begun) == AT_ONCE[JobKind.MAIL])
        await until(lambda: not env.gateway.open_holds())

        assert env.mailer.ended == 0
        assert len({notice.id for notice in env.mailer.begun}) == AT_ONCE[JobKind.MAIL]  # and no more at once

        env.mailer.let_go.set()
        await until(lambda: env.mailer.ended == MAILS)
        worker.stop()
        await asyncio.wait_for(running, MOST_SECONDS)
        assert await env.accounts.list_outbox() == []

    asyncio.run(live())


def test_a12_what_is_done_once_does_money_while_mail_hangs() -> None:
    async def live() -> None:
        env = Environment()
        once = asyncio.create_task(Worker(env.accounts).run_once())
        await until(lambda: not env.gateway.open_holds())
        assert env.mailer.ended == 0
        env.mailer.let_go.set()
        assert (await asyncio.wait_for(once, MOST_SECONDS)).done >= MAILS

    asyncio.run(live())


def test_a12_a_worker_that_is_stopped_waits_for_every_lane() -> None:
    async def live() -> None:
        env = Environment()
        worker = Worker(env.accounts, idle_seconds=0.001)
        async with working(worker, limit_seconds=lambda: MOST_SECONDS):
            await until(lambda: len(env.mailer.begun) == AT_ONCE[JobKind.MAIL])
            worker.stop()
            asyncio.get_running_loop().call_later(0.05, env.mailer.let_go.set)

        assert env.mailer.ended == AT_ONCE[JobKind.MAIL]  # what was in hand, and nothing else

    asyncio.run(live())


def test_a12_a_worker_that_does_not_stop_in_time_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async def live() -> None:
        env = Environment()
        async with working(Worker(env.accounts, idle_seconds=0.001), limit_seconds=lambda: 0.05):
            await until(lambda: env.mailer.begun)

        assert env.mailer.ended == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(live())
    assert caplog.messages == ["The worker was stopped in the middle of its jobs, which are done again later."]


class Scripted:
    """Stands in for accounts: what each lane finds is told beforehand, by its kind."""

    def __init__(self, **found: list[WorkerRun | Exception]) -> None:
        self.found = found
        self.asked = Counter[str]()
        self.repaired = 0

    async def run_due(self, *, limit: int, kinds: Collection[JobKind]) -> WorkerRun:
        assert limit == 1
        (kind,) = kinds
        self.asked[kind] += 1
        found = self.found.get(kind, [])
        answer = found.pop(0) if found else WorkerRun()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def repair_times(self) -> TimesRepairResult:
        self.repaired += 1
        return TimesRepairResult(jobs=1, sessions=2, mail_tokens=3)

    async def run_cleanup(self) -> None:
        return

    async def list_overdue_jobs(self) -> list[OverdueJobs]:
        return []

    def worker(self, idle_seconds: float = 0.001) -> Worker:
        return Worker(cast("Accounts[Any]", self), idle_seconds=idle_seconds)


def test_a12_a_lane_that_has_no_database_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    accounts = Scripted(mail=[Unavailable("Away.")] * 5)

    async def live() -> None:
        worker = accounts.worker()
        running = asyncio.create_task(worker.run())
        await until(lambda: min(accounts.asked[kind] for kind in JobKind) > 10)
        worker.stop()
        await asyncio.wait_for(running, MOST_SECONDS)

    asyncio.run(live())
    assert [message for message in caplog.messages if "worker" in message] == [
        "The worker (mail) waits: Away.",
        "The worker (mail) goes on.",
    ]


def test_a12_what_is_done_once_fails_when_a_lane_does_and_not_before_the_others_are_done() -> None:
    accounts = Scripted(mail=[Unavailable("Away.")], provider=[WorkerRun(done=1)] * 3)

    with pytest.raises(Unavailable):
        asyncio.run(accounts.worker().run_once())

    assert accounts.asked == {"mail": 1, "provider": 4, "host": 1}


def test_a12_a_lane_of_several_looks_for_work_no_more_often_than_a_lane_of_one() -> None:
    asked = 0

    async def step() -> WorkerRun:
        nonlocal asked
        asked += 1
        return WorkerRun()

    async def live() -> None:
        lane = Lane("mail", step, idle_seconds=3600, at_once=4)
        running = asyncio.create_task(lane.run())
        await until(lambda: asked == 4)
        for more in (5, 6):
            lane.wake()  # one of them wakes: the others wait for their turn to look
            await until(lambda: asked == more)  # noqa: B023
        await asyncio.sleep(0.01)
        assert asked == 6
        lane.stop()
        await asyncio.wait_for(running, MOST_SECONDS)

    asyncio.run(live())


@pytest.mark.long
def test_a12_a_real_service_lets_a_hold_go_while_its_mail_server_hangs(
    serve: Serve, run: Run, stripe_server: str
) -> None:
    """A server that takes connections and says nothing, and thirteen mails that wait for it."""

    async def live() -> None:
        async with hanging_server() as mail:
            served = await asyncio.to_thread(
                serve,
                ACCOUNTS_SMTP_URL=f"smtp://127.0.0.1:{mail.port}",
                ACCOUNTS_MAIL_FROM="no-reply@accounts.example",
                ACCOUNTS_STRIPE_API_KEY="sk_test_any",
                ACCOUNTS_STRIPE_API_BASE=stripe_server,
            )
            await asyncio.to_thread(use, await asyncio.to_thread(served.client))
            await until(lambda: mail.taken >= 4)

            (job,) = [each for each in await listed() if each["topic"] == "verify_card"]
            assert (await asyncio.to_thread(run, "outbox", "retry", job["id"])).code == 0
            await until(lambda: not open_holds(stripe_server))

            waiting = [each for each in await listed() if each["topic"].endswith("mail")]
            assert len(waiting) == MAILS + 1  # not one of them was delivered meanwhile
            assert mail.most_open <= 4
            served.process.kill()
            await asyncio.to_thread(served.end)

    async def listed() -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads((await asyncio.to_thread(run, "outbox", "list", "--json")).out)
        return found

    def use(client: httpx.Client) -> None:
        with client:
            who = {"email": "user0@example.org", "password": PASSWORD}
            for number in range(MAILS):
                who = {"email": f"user{number}@example.org", "password": PASSWORD}
                assert client.post("/api/auth/register", json={**who, "name": "Jane Doe"}).status_code == 201
            token = client.post("/api/auth/login", json=who).json()["access_token"]
            client.headers["authorization"] = f"Bearer {token}"
            faults = {"on": "POST /v1/payment_intents/*/cancel", "kind": "rate_limit", "times": "all"}
            httpx.post(f"{stripe_server}/simulator/faults", data=faults)
            verify = client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
            assert verify.status_code == 503
            httpx.request("DELETE", f"{stripe_server}/simulator/faults")
            team = client.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
            invited = client.post(f"/api/v1/accounts/{team}/invitations", json={"email": "new@example.org"})
            assert invited.status_code == 202  # its mail waits for the sender to be verified
            assert client.post("/api/auth/forgot-password", json={"email": who["email"]}).status_code == 202

    asyncio.run(live())


def open_holds(stripe_server: str) -> list[str]:
    holds: list[str] = httpx.get(f"{stripe_server}/simulator/ledger").json()["open_holds"]
    return holds


def test_a12_the_time_that_a_lane_pauses_is_bounded() -> None:
    report = LaneReport("mail", idle_seconds=1)

    waits = [timedelta(seconds=report.failed(Unavailable("Away."))) for _ in range(40)]

    assert waits[:3] == [timedelta(seconds=seconds) for seconds in (2, 4, 8)]
    assert max(waits) == timedelta(minutes=1)
