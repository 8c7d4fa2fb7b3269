"""The harness itself, on a program of a few lines: it finds address, mails, ends, errors and processes."""

import signal
from pathlib import Path

import pytest
from tests.integration.programs.program import GUNICORN, Program, RunScript, Start, require_clean

SERVED = """
import os
from email.message import EmailMessage
from pathlib import Path


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                print("closed")
                return
    if scope["path"] == "/mail":
        mail = EmailMessage()
        mail["To"], mail["Subject"] = "jane@example.org", "Hello"
        mail.set_content("Open http://localhost/verify-email?token=abc")
        folder = Path("mails")
        folder.mkdir(exist_ok=True)
        (folder / "job_1.verify_email.eml").write_bytes(mail.as_bytes())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": os.environ["DATABASE_URL"].encode()})
"""


@pytest.fixture
def database_url() -> str:
    return "sqlite:///nothing.db"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    file = tmp_path / "sources" / "served.py"
    file.write_text(SERVED)
    return file


def test_a_program_is_served_read_and_stopped(start: Start, served: Path) -> None:
    program = start(served)

    assert program.client.get("/mail").text == "sqlite:///nothing.db"
    mail = program.mail_to("jane@example.org", "verify_email")
    assert (mail.subject, mail.link, mail.token) == ("Hello", "http://localhost/verify-email?token=abc", "abc")
    assert "closed\n" in program.stop(signal.SIGTERM)


def test_a_script_runs_to_its_end(run_script: RunScript, tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    script = tmp_path / "sources" / "said.py"
    script.write_text("import os\nprint(os.environ['DATABASE_URL'], os.environ.get('ACCOUNTS_SMTP_URL'))\n")

    assert run_script(script) == "sqlite:///nothing.db None\n"
    script.write_text("import warnings\nwarnings.warn('careful')\n")
    with pytest.raises(AssertionError, match="careful"):
        run_script(script)
    script.write_text("raise SystemExit(3)\n")
    with pytest.raises(AssertionError):
        run_script(script)


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "ERROR:    Exception in ASGI application",
        "x.py:3: DeprecationWarning: old",
        "RuntimeWarning: coroutine 'f' was never awaited",
        "[2026-01-01] [7] [CRITICAL] WORKER TIMEOUT",
    ],
)
def test_unclean_output_is_found_and_allowed_by_name(line: str) -> None:
    with pytest.raises(AssertionError):
        require_clean(f"INFO: Started\n{line}\n")
    require_clean(f"INFO: Started\n{line}\n", "Trace|ASGI|old|coroutine|TIMEOUT")


def test_a_program_that_ends_by_itself_fails_the_test_with_its_output(start: Start, served: Path) -> None:
    served.write_text("raise SystemExit('no database')\n")

    with pytest.raises(pytest.fail.Exception, match="no database"):
        start(served)


def test_what_still_runs_is_killed(start: Start, served: Path) -> None:
    program: Program = start(served, ready=None)
    program.kill()

    assert program.process.returncode == -signal.SIGKILL


@pytest.mark.long
def test_gunicorn_and_several_workers_are_stopped_with_all_their_processes(start: Start, served: Path) -> None:
    for program in (
        start(served, "--workers", "2", by=GUNICORN),
        start(served, "--workers", "2"),
        start(served, "--reload"),
    ):
        assert program.client.get("/").text == "sqlite:///nothing.db"
        assert "closed\n" in program.stop()
