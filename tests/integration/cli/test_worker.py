"""`accounts worker` and `accounts outbox`, as operators use them."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, cast

import httpx
import pytest
from tests.integration.cli.harness import PATIENCE_SECONDS, Run, Serve
from tests.integration.cli.harness import CommandResult as Ended

from accounts_core.accounts import Accounts
from accounts_core.errors import Unavailable
from accounts_core.model.jobs import JobKind
from accounts_core.model.outbox import OverdueJobs
from accounts_core.outbox.worker import WorkerRun
from accounts_core.use_cases.operations.repair_times import TimesRepairResult
from accounts_system import Worker

LATE = int((time() + 1800) * 1_000_000)
"""Later than any of these tests, and no later than a job may be put off."""


@pytest.fixture(autouse=True)
def database(run: Run) -> None:
    assert run("migrate").code == 0


def put(
    folder: Path,
    id: str,
    *,
    topic: str = "sync_customer",
    payload: str = '{"customer": "cus_nobodys"}',
    due: int = 0,
    parked: bool = False,
    dead_lettered_at: int | None = None,
) -> None:
    """Write a job into the database, as another process of the service would."""
    values = {
        "id": id,
        "topic": topic,
        "payload": payload,
        "created_at": 0,
        "due": due,
        "attempts": 30 if parked else 0,
        "parked_at": (dead_lettered_at or int(time() * 1_000_000)) if parked else None,
        "last_error": "ProviderRefused: The payment provider refused: card_error." if parked else None,
    }
    with closing(sqlite3.connect(folder / "accounts.db")) as connection, connection:
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        connection.execute(f"INSERT INTO accounts_outbox ({names}) VALUES ({places})", values)


def listed(run: Run) -> list[dict[str, object]]:
    ran = run("outbox", "list", "--json")
    assert (ran.code, ran.err) == (0, "")
    found: list[dict[str, object]] = json.loads(ran.out)
    return found


def wait_until_nothing_is_left(run: Run) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while left := listed(run):
        assert monotonic() < deadline, left
        sleep(0.05)


def test_with_nothing_due_a_worker_says_so_and_ends(run: Run) -> None:
    assert run("worker", "--once") == Ended(0, "Done: 0. Rescheduled: 0. Dead-lettered: 0.\n", "")


def test_what_is_due_is_done_and_counted(run: Run, folder: Path) -> None:
    put(folder, "job_a")
    put(folder, "job_b")
    put(folder, "job_later", due=LATE)
    put(folder, "job_hosts", topic="host.welcome")
    put(folder, "job_broken", payload="{}")

    ran = run("worker", "--once")

    assert ran == Ended(0, "Done: 2. Rescheduled: 0. Dead-lettered: 1.\n", "")
    assert [job["id"] for job in listed(run)] == ["job_broken", "job_hosts", "job_later"]


def test_the_outbox_is_a_table_with_what_is_parked_first(run: Run, folder: Path) -> None:
    assert run("outbox", "list").out == "The outbox is empty.\n"
    put(folder, "job_later", due=LATE)
    put(folder, "job_parked", due=LATE, parked=True, dead_lettered_at=1_700_000_000_000_000)

    heading, first, second = run("outbox", "list").out.splitlines()

    assert heading.split("  ")[0] == "ID"
    assert first.split()[:3] == ["job_parked", "sync_customer", "30"]
    assert "2023-11-14 22:13:20Z  ProviderRefused: The payment provider refused: card_error." in first
    assert second.startswith("job_later ")
    assert second.split()[-2:] == ["-", "-"]


def test_a_job_can_be_retried_and_so_can_all_that_are_parked(run: Run, folder: Path) -> None:
    for name in ("job_a", "job_b", "job_c"):
        put(folder, name, due=LATE, parked=True)
    put(folder, "job_later", due=LATE)

    assert run("outbox", "retry", "job_a") == Ended(0, "job_a is due now.\n", "")
    assert run("worker", "--once").out.startswith("Done: 1.")
    assert run("outbox", "retry", "--dead-lettered") == Ended(0, "2 dead-lettered jobs are due now.\n", "")
    assert run("worker", "--once").out.startswith("Done: 2.")
    assert [job["id"] for job in listed(run)] == ["job_later"]


def test_a_job_that_is_not_there_is_a_failure(run: Run) -> None:
    ran = run("outbox", "retry", "job_nothing")

    assert (ran.code, ran.out, ran.err) == (1, "", "accounts: No such job.\n")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_works_until_it_is_told_to_stop(work: Serve, run: Run, folder: Path, sig: int) -> None:
    worker = work()
    worker.wait_for("^Working")
    put(folder, "job_a")
    wait_until_nothing_is_left(run)

    assert worker.stop(sig) == 0
    assert worker.lines[-1] == "Stopped."


def test_the_service_has_a_worker_of_its_own(serve: Serve, run: Run, folder: Path) -> None:
    served = serve()
    served.wait_for("^Listening")
    put(folder, "job_a")
    wait_until_nothing_is_left(run)

    assert served.stop() == 0


def test_a_worker_needs_a_database(run: Run, folder: Path) -> None:
    for file in folder.glob("accounts.db*"):
        file.unlink()

    for command in (("worker", "--once"), ("outbox", "list")):
        ran = run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert "There is no database" in ran.err


def test_a_worker_that_is_told_to_stop_finishes_the_job_in_hand(
    work: Serve, folder: Path, run: Run, stripe_server: str
) -> None:
    put(folder, "job_a", topic="delete_customer")
    httpx.post(f"{stripe_server}/simulator/faults", data={"on": "DELETE *", "kind": "delay", "seconds": "1.5"})
    worker = work(ACCOUNTS_STRIPE_API_KEY="sk_test_any", ACCOUNTS_STRIPE_API_BASE=stripe_server)
    worker.wait_for("^Working")
    while not listed(run)[0]["is_leased"]:
        sleep(0.02)

    assert worker.stop() == 0
    assert worker.lines[-1] == "Stopped."
    assert listed(run) == []


@pytest.mark.long
def test_a_worker_outlives_a_provider_that_is_away(work: Serve, folder: Path, run: Run) -> None:
    put(folder, "job_a", topic="delete_customer")
    worker = work(ACCOUNTS_STRIPE_API_KEY="sk_test_any", ACCOUNTS_STRIPE_API_BASE="http://127.0.0.1:1")
    worker.wait_for(r"A job \(provider\) failed and was rescheduled")

    (job,) = listed(run)
    assert worker.stop() == 0
    assert (job["attempts"], job["parked_at"]) == (1, None)
    assert str(job["last_error"]).startswith("ProviderAmbiguous: ")


@pytest.mark.long
def test_a_worker_outlives_a_database_whose_tables_are_away(work: Serve, run: Run, folder: Path) -> None:
    worker = work()
    worker.wait_for("^Working")
    with closing(sqlite3.connect(folder / "accounts.db")) as connection, connection:
        connection.execute("ALTER TABLE accounts_outbox RENAME TO elsewhere")
    worker.wait_for(r"The worker \(provider\) waits: ")
    with closing(sqlite3.connect(folder / "accounts.db")) as connection, connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO accounts_outbox")
    worker.wait_for(r'"The worker \(provider\) goes on."')

    assert worker.stop() == 0


class Scripted:
    """Stands in for accounts whose outbox answers as it is told to, and then stops the worker."""

    def __init__(self, *answers: WorkerRun | Exception) -> None:
        self._answers = list(answers)
        self.worker = Worker(cast("Accounts[Any]", self), idle_seconds=0.001, at_once={JobKind.PROVIDER: 1})
        self.tidied = self.repaired = 0

    async def run_due(self, *, limit: int, kinds: frozenset[JobKind]) -> WorkerRun:
        assert limit == 1  # so that a worker that is told to stop has one job to finish
        assert kinds == {JobKind.PROVIDER}
        answer = self._answers.pop(0)
        if not self._answers:
            self.worker.stop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def repair_times(self) -> TimesRepairResult:
        self.repaired += 1
        return TimesRepairResult(jobs=0, sessions=0, mail_tokens=0)

    async def run_cleanup(self) -> int:
        self.tidied += 1
        return 0

    async def list_overdue_jobs(self) -> list[OverdueJobs]:
        return []


def test_a_worker_says_once_that_the_database_is_away_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    away = Unavailable("The database is away.")
    accounts = Scripted(WorkerRun(), away, away, away, WorkerRun(done=1), WorkerRun())

    asyncio.run(accounts.worker.run())

    assert caplog.messages == ["The worker (provider) waits: The database is away.", "The worker (provider) goes on."]
    assert (accounts.repaired, accounts.tidied) == (1, 1)


def test_a_worker_outlives_a_defect_and_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    accounts = Scripted(ZeroDivisionError(), WorkerRun())

    asyncio.run(accounts.worker.run())

    assert caplog.records[0].exc_info is not None


def test_a_worker_says_when_jobs_fail_and_when_they_succeed_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    accounts = Scripted(
        WorkerRun(rescheduled=1),
        WorkerRun(rescheduled=1),
        WorkerRun(dead_lettered=1),
        WorkerRun(done=1),
        WorkerRun(done=1),
        WorkerRun(),
    )

    asyncio.run(accounts.worker.run())

    assert caplog.messages == [
        "A job (provider) failed and was rescheduled: `accounts outbox list` shows why.",
        "A job (provider) was dead-lettered: `accounts outbox list` shows it.",
        "Jobs (provider) succeed again.",
    ]


def test_e13_what_a_host_has_scheduled_is_left_alone_by_the_worker_and_by_retrying_all(run: Run, folder: Path) -> None:
    put(folder, "job_host_due", topic="shop.voucher", payload='{"user": "1"}')
    put(folder, "job_host_later", topic="shop.voucher", payload='{"user": "1"}', due=LATE)
    put(folder, "job_host_parked", topic="shop.voucher", payload='{"user": "1"}', parked=True)
    before = {str(job["id"]): job for job in listed(run)}

    assert run("worker", "--once").out.startswith("Done: 0.")
    assert {str(job["id"]): job for job in listed(run)} == before
    assert run("outbox", "retry", "--all") == Ended(0, "1 job is due now.\n", "")

    after = {str(job["id"]): job for job in listed(run)}
    assert {name for name in before if after[name] != before[name]} == {"job_host_parked"}
    assert run("worker", "--once").out.startswith("Done: 0.")
    assert {str(job["id"]): job for job in listed(run)} == after


def test_every_job_can_be_made_due_whoever_holds_it(run: Run, folder: Path) -> None:
    put(folder, "job_later", due=LATE)
    put(folder, "job_parked", parked=True)

    assert run("outbox", "retry", "--all") == Ended(0, "2 jobs are due now.\n", "")
    assert run("worker", "--once").out.startswith("Done: 2.")
    assert run("outbox", "retry", "--all").out == "0 jobs are due now.\n"
