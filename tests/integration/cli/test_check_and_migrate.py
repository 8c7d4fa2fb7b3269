"""`accounts check`, `accounts migrate`, and how both meet the settings."""

import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from tests.integration.cli.harness import Run


def test_check_says_a_line_for_each_part_and_changes_nothing(run: Run, folder: Path) -> None:
    ran = run("check")

    assert ran.code == 1
    assert [line.split()[:2] for line in ran.out.splitlines()] == [
        ["settings", "ok"],
        ["database", "FAILED"],
        ["payments", "ok"],
        ["mail", "ok"],
    ]
    assert list(folder.iterdir()) == []


def test_check_is_content_once_the_database_is_migrated(run: Run) -> None:
    run("migrate")

    ran = run("check")

    assert (ran.code, ran.err) == (0, "")
    assert "database  ok      sqlite:///accounts.db, up to date" in ran.out


def test_migrate_makes_a_database_for_its_owner_alone_and_can_be_repeated(run: Run, folder: Path) -> None:
    assert run("migrate").out == "sqlite:///accounts.db is migrated.\n"
    assert run("migrate").out == "sqlite:///accounts.db is up to date.\n"
    assert stat.S_IMODE((folder / "accounts.db").stat().st_mode) == 0o600


def test_settings_come_from_the_file_and_the_environment_wins(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("ACCOUNTS_DATABASE_URL=sqlite:///file.db\nOTHER=1\n")
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", "sqlite:///environment.db")
    run("migrate")

    assert {path.name for path in folder.glob("*.db")} == {"file.db", "environment.db"}


@pytest.mark.parametrize("command", [("migrate",), ("users", "show", "1"), ("serve", "--port", "0")], ids=" ".join)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "ACCOUNTS_SESSION_DAYS=ten",
            "ACCOUNTS_SESSION_DAYS (in .env): expected a number of days from 1 to 3650; got 'ten'.",
        ),
        (
            "ACCOUNTS_SESION_DAYS=1",
            "ACCOUNTS_SESION_DAYS (in .env): no such setting. Did you mean ACCOUNTS_SESSION_DAYS?",
        ),
        ("nonsense", ".env, line 1: expected NAME=value, with matching quotes."),
    ],
)
def test_a_bad_setting_stops_every_command_in_one_line(
    run: Run, folder: Path, command: tuple[str, ...], content: str, said: str
) -> None:
    (folder / ".env").write_text(content)

    ran = run(*command)

    assert (ran.code, ran.out, ran.err) == (1, "", f"accounts: {said}\n")
    assert [path.name for path in folder.iterdir()] == [".env"]


def test_check_reports_a_bad_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_CURRENCY", "dollars")

    ran = run("check")

    assert ran.code == 1
    assert ran.out.startswith("settings  FAILED  ACCOUNTS_CURRENCY: expected a currency code")


def test_check_tells_settings_that_have_no_effect_yet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_STRIPE_PUBLISHABLE_KEY", "pk_test_123")

    assert "without effect in this release: ACCOUNTS_STRIPE_PUBLISHABLE_KEY" in run("check").out


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACCOUNTS_STRIPE_API_BASE", "http://127.0.0.1:12111", "requests need ACCOUNTS_STRIPE_API_KEY"),
        ("ACCOUNTS_STRIPE_SIMULATOR", "false", "there is no provider"),
    ],
)
def test_a_payment_provider_that_is_not_there_is_a_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    run("migrate")
    monkeypatch.setenv(name, value)

    checked = run("check")
    served = run("serve", "--port", "0")

    assert checked.code == served.code == 1
    assert f"payments  FAILED  {name}: " in checked.out
    assert said in checked.out
    assert served.err.startswith(f"accounts: {name}: ")
    assert served.out == ""


def test_with_a_key_stripe_is_asked_and_the_key_is_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, stripe_server: str
) -> None:
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_KEY", "sk_test_my-key")
    monkeypatch.setenv("ACCOUNTS_STRIPE_API_BASE", stripe_server)

    ran = run("check")

    assert f"payments  ok      Stripe's API at {stripe_server} answers, with a test key; no webhook is taken" in ran.out
    assert ran.code == 0
    assert "my-key" not in ran.out + ran.err

    monkeypatch.setenv("ACCOUNTS_STRIPE_API_BASE", "http://127.0.0.1:1")
    ran = run("check")

    assert ran.code == 1
    assert "payments  FAILED  Stripe's API at http://127.0.0.1:1: " in ran.out
    assert "my-key" not in ran.out + ran.err


def test_a_database_in_a_folder_that_is_not_there_is_said_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", "sqlite:///nowhere/accounts.db")

    ran = run("migrate")

    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == "accounts: ACCOUNTS_DATABASE_URL: nowhere/accounts.db cannot be written: No such file or directory.\n"
    )


def test_a_file_that_is_no_database_is_said_so(run: Run, folder: Path) -> None:
    (folder / "accounts.db").write_text("this is no database, whatever its name says")

    ran = run("migrate")

    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_a_database_of_a_newer_release_is_left_alone(run: Run, folder: Path) -> None:
    run("migrate")
    with sqlite3.connect(folder / "accounts.db") as database:
        database.execute("UPDATE accounts_alembic_version SET version_num = '9999', served_from = '9999'")
    database.close()

    ran = run("migrate")

    assert ran.code == 1
    assert ran.err.startswith("accounts: sqlite:///accounts.db cannot be migrated: ")
    assert len(ran.err.splitlines()) == 1


def test_a_server_that_is_away_is_said_so_without_the_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", "postgresql://jane:hunter2@127.0.0.1:1/accounts")

    for command in (("check",), ("migrate",), ("users", "show", "1"), ("serve", "--port", "0")):
        ran = run(*command)
        assert ran.code == 1
        assert "postgresql://jane:***@127.0.0.1:1/accounts: " in ran.out + ran.err
        assert "refused" in ran.out + ran.err
        assert "hunter2" not in ran.out + ran.err
        assert len(ran.err.splitlines()) <= 1


def test_mail_needs_a_folder(run: Run, folder: Path) -> None:
    (folder / "mail").write_text("a file in the way")

    ran = run("check")

    assert "mail      FAILED  mails cannot be written to mail/" in ran.out


@contextmanager
def serving_smtp() -> Iterator[int]:
    """Run a mail server that nothing is sent to, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "FAILED  ACCOUNTS_PUBLIC_URL is not set, so the links in mails would lead to this machine"),
        ({"PUBLIC_URL": "http://localhost:8000"}, "FAILED  ACCOUNTS_PUBLIC_URL is http://localhost:8000, so"),
        ({"PUBLIC_URL": "https://127.0.0.1"}, "FAILED  ACCOUNTS_PUBLIC_URL is https://127.0.0.1, so"),
        ({"PUBLIC_URL": "https://[::1]/a"}, "FAILED  ACCOUNTS_PUBLIC_URL is https://[::1]/a, so"),
        (
            {"PUBLIC_URL": "https://accounts.example.org"},
            "ok      {smtp} takes mails, from {sender}; WARNING: ACCOUNTS_MAIL_FROM is not set",
        ),
        (
            {"PUBLIC_URL": "https://accounts.example.org", "MAIL_FROM": "a@example.org"},
            "ok      {smtp} takes mails, from",
        ),
    ],
    ids=str,
)
def test_a17_mails_that_would_lead_to_this_machine_are_an_error_and_without_a_sender_there_is_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    with serving_smtp() as port:
        monkeypatch.setenv("ACCOUNTS_SMTP_URL", f"smtp://127.0.0.1:{port}")
        for name, value in settings.items():
            monkeypatch.setenv(f"ACCOUNTS_{name}", value)
        run("migrate")

        ran = run("check")

    (line,) = [line for line in ran.out.splitlines() if line.startswith("mail ")]
    expected = said.format(smtp=f"smtp://127.0.0.1:{port}", sender="Accounts <no-reply@accounts.invalid>")
    assert line.removeprefix("mail      ").startswith(expected)
    assert ran.code == (1 if expected.startswith("FAILED") else 0)
