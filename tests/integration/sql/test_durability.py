"""What was committed is there after the process that wrote it is gone, however it went; processes share one file."""

import subprocess
import sys
from pathlib import Path

import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_card, a_job, a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine, migrate

WRITE_AND_DIE = """
import os, signal, sys
from accounts_core.sync import run_sync
from accounts_core.testing.builders import *
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine

store = SqlStore(create_engine(sys.argv[1]))
run_sync(keep(store, a_user(1), a_session(), a_card(is_default=True), a_job()))

async def half():
    async with store.begin() as work:
        await work.users.add(a_user(2))
        os.kill(os.getpid(), signal.SIGKILL)

run_sync(half())
"""

REGISTER = """
import sys
from accounts_core.errors import EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_sql import SqlStore, create_engine

store = SqlStore(create_engine(sys.argv[1]))

async def register(email):
    async with store.begin() as work:
        await work.users.add(a_user(await work.users.next_id(), email=email))

won = 0
for n in range(40):
    try:
        run_sync(register(EmailAddress(f"wanted{n}@example.org")))
        won += 1
    except EmailTaken:
        pass
print(won)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    on_sqlite = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path}/accounts.db" if on_sqlite else request.getfixturevalue("postgres_url")
    migrate(url)
    return url


def test_a_killed_process_leaves_what_it_committed_and_nothing_else(url: str) -> None:
    died = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, url], check=False, timeout=60)
    assert died.returncode == -9

    engine = create_engine(url)

    async def left() -> None:
        async with SqlStore(engine).reader() as reader:
            resolved = await reader.sessions.resolve_with_cards(digest_of_session("ses_1"))
            assert resolved is not None
            assert (resolved[0], resolved[1], list(resolved[2])) == (a_session(), a_user(), [a_card(is_default=True)])
            assert await reader.outbox.find("job_1") == a_job()
            assert await reader.users.find_by_email(EmailAddress("user2@example.org")) is None

    run_sync(left())
    run_sync(keep(SqlStore(engine), a_user(2)))  # no lock was left behind either
    engine.dispose()


def test_of_processes_that_want_the_same_addresses_one_gets_each(url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", REGISTER, url], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    won = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(won) == 40
