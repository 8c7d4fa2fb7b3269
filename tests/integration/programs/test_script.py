"""`examples/script.py`, as cron runs it, and the other program of docs/scripts.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from benchmarks.hosts.counting import statements
from tests.documents import ROOT, programs
from tests.integration.programs.program import EXAMPLES, RunScript

from accounts_core import BlockingAccounts, MailDispatch
from accounts_memory import MemoryGateway, MemoryMailer, PlainHasher
from accounts_sql import SqlStore, create_engine
from accounts_system import SystemClock, SystemSecrets

SCRIPTS: Final = ROOT / "docs" / "scripts.md"
MOST_STATEMENTS: Final = 12


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.recipients: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        self.recipients += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def settings(mailbox: Mailbox, free_port: int) -> Iterator[dict[str, str]]:
    """The settings of the script: a mail server that runs, and a key of Stripe that nothing is asked with."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield {"SMTP_URL": f"smtp://127.0.0.1:{free_port}", "STRIPE_API_KEY": "sk_test_script"}
    controller.stop()


def sign_up(url: str, email: str) -> None:
    """Register somebody as a web application does that leaves its mails to others."""
    engine, clock, secrets = create_engine(url), SystemClock(), SystemSecrets()
    accounts = BlockingAccounts(
        store=SqlStore(engine),
        payments=MemoryGateway(clock, secrets),
        passwords=PlainHasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        mail_dispatch=MailDispatch.WORKER,
    )
    accounts.migrate()
    accounts.register(email=email, password="correct horse battery staple", name="Jane Doe")
    accounts.close()


def test_cron_sends_what_is_due_deletes_and_reports(
    run_script: RunScript, settings: dict[str, str], mailbox: Mailbox, database_url: str
) -> None:
    sign_up(database_url, "jane@example.org")

    told = run_script("script.py", **settings)

    assert told.startswith(
        "jobs: WorkerRun(done=1, rescheduled=0, dead_lettered=0)\ndeleted: CleanupResult(sessions=0, "
    )
    assert "    jobs: WorkerRun(done=1, rescheduled=0, dead_lettered=0)\n" in SCRIPTS.read_text()
    assert mailbox.recipients == ["jane@example.org"]


@pytest.mark.long
def test_on_a_new_database_it_has_nothing_to_do(run_script: RunScript, settings: dict[str, str]) -> None:
    for _ in range(2):
        told = run_script("script.py", **settings)
        assert told.startswith("jobs: WorkerRun(done=0, rescheduled=0, dead_lettered=0)\n")


@pytest.mark.long
def test_the_other_program_of_the_page_does_what_support_does(
    run_script: RunScript, settings: dict[str, str], mailbox: Mailbox, tmp_path: Path, database_url: str
) -> None:
    run_script("script.py", **settings)
    sign_up(database_url, "jane@example.org")
    _, support = programs(SCRIPTS)
    (tmp_path / "sources").mkdir()
    file = tmp_path / "sources" / "support.py"
    file.write_text(support.text)

    # the mail to verify the address went out with the call of `script`; what verifies and deactivates sends another
    lines = run_script(file, **settings).splitlines()

    assert [line for line in lines if not line.startswith(("deleted:", "jobs:"))] == []
    assert "john@example.org" in mailbox.recipients


def test_the_page_shows_the_script_which_is_short() -> None:
    script, support = programs(SCRIPTS)

    assert (script.file, support.file) == ("script.py", "support.py")
    assert script.text.lstrip("\n") == (EXAMPLES / "script.py").read_text()
    assert statements([EXAMPLES / "script.py"]) <= MOST_STATEMENTS
