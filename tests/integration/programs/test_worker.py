"""`examples/worker.py`, beside another program that signs people up in the same database."""

import re
import signal
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from tests.documents import ROOT, programs
from tests.integration.programs.program import EXAMPLES, Program, RunScript, Start, until

from accounts_core.outbox.delays import FIRST_DELAY, LONGEST_DELAY, MOST_ATTEMPTS
from accounts_core.use_cases.operations.list_overdue_jobs import OVERDUE_AFTER
from accounts_sql import create_engine
from accounts_system.care import REPEAT_ALARM_SECONDS

WORKERS: Final = ROOT / "docs" / "workers.md"
BY_ITSELF: Final = ["worker.py"]
SIGN_UP: Final = """
import sys
from worker import accounts

for name in sys.argv[1:]:
    user = accounts.register(email=f"{name}@example.org", password="correct horse battery staple", name=name.title())
    print(user.id)
accounts.close()
"""


ASYNC_SIGN_UP: Final = """
import asyncio
import sys
from worker import clock, composer, engine, order_voucher, secrets

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, MailDispatch
from accounts_memory import MemoryGateway, MemoryMailer
from accounts_sql import AsyncSqlStore, create_async_engine

accounts = Accounts(
    store=AsyncSqlStore(create_async_engine(engine.url), subscribers=[order_voucher]),
    payments=MemoryGateway(clock, secrets),
    passwords=AsyncArgon2Hasher(),
    mailer=MemoryMailer(),
    clock=clock,
    secrets=secrets,
    mail_dispatch=MailDispatch.WORKER,
)


async def main() -> None:
    for name in sys.argv[1:]:
        user = await accounts.register(
            email=f"{name}@example.org", password="correct horse battery staple", name=name.title()
        )
        print(user.id)
    await accounts.close()


asyncio.run(main())
"""


@pytest.fixture
def sign_up(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A program like a web application, on the same database; without an event loop, unless the test says so."""
    (tmp_path / "sources").mkdir()
    file = tmp_path / "sources" / "sign_up.py"
    file.write_text(getattr(request, "param", SIGN_UP))
    return file


def vouchers(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text('SELECT "user" FROM shop_vouchers ORDER BY job')).scalars().all()
    engine.dispose()
    return list(found)


def working(program: Program) -> Program:
    program.wait_for("^Working$")
    return program


@pytest.mark.parametrize(
    "sign_up",
    [pytest.param(SIGN_UP, id="blocking"), pytest.param(ASYNC_SIGN_UP, id="async", marks=pytest.mark.long)],
    indirect=True,
)
def test_it_sends_mails_and_does_the_hosts_job_until_it_is_told_to_stop(
    start: Start, run_script: RunScript, sign_up: Path, database_url: str
) -> None:
    worker = working(start("worker.py", by=BY_ITSELF, ready=None))

    (user,) = run_script(sign_up, "jane").split()
    mail = worker.mail_to("jane@example.org", "verify_email")
    worker.wait_for(f"^Voucher for user {user}$")

    assert mail.link.startswith("https://shop.example.org/verify-email#token=")
    assert worker.stop(signal.SIGTERM).endswith("Stopped\n")
    assert vouchers(database_url) == [user]


@pytest.mark.long
def test_two_workers_share_the_jobs_and_each_is_done_once(
    start: Start, run_script: RunScript, sign_up: Path, database_url: str
) -> None:
    workers = [working(start("worker.py", by=BY_ITSELF, ready=None)) for _ in range(2)]

    users = run_script(sign_up, "jane", "mary", "john").split()
    until(lambda: sorted(vouchers(database_url)) == sorted(users), lambda: "no vouchers")
    for name in ("jane", "mary", "john"):
        workers[0].mail_to(f"{name}@example.org", "verify_email")

    outputs = "".join(worker.stop(signal.SIGINT) for worker in workers)
    assert sorted(re.findall(r"Voucher for user (\d+)", outputs)) == sorted(users)


@pytest.mark.long
def test_a_worker_that_is_killed_leaves_its_jobs_to_the_next(
    start: Start, run_script: RunScript, sign_up: Path, database_url: str
) -> None:
    working(start("worker.py", by=BY_ITSELF, ready=None)).kill()
    (user,) = run_script(sign_up, "jane").split()

    worker = working(start("worker.py", by=BY_ITSELF, ready=None))
    worker.wait_for(f"^Voucher for user {user}$")
    worker.stop()


def test_the_page_shows_the_program_and_the_figures_of_the_code() -> None:
    page = WORKERS.read_text()
    (shown,) = programs(WORKERS)

    assert shown.file == "worker.py"
    assert shown.text.lstrip("\n") == (EXAMPLES / "worker.py").read_text()
    assert f"after {FIRST_DELAY.seconds} seconds, then" in page
    assert LONGEST_DELAY.total_seconds() == 3600
    assert f"after {MOST_ATTEMPTS} attempts" in page
    assert f"due for {OVERDUE_AFTER.seconds // 60} minutes" in page
    assert REPEAT_ALARM_SECONDS == 3600
