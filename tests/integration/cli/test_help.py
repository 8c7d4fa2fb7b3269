"""What somebody sees who does not know the command yet, or mistypes it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.cli.harness import COMMAND, Run

from accounts_service.settings import Settings, get_setting_names

COMMANDS = [
    (),
    ("serve",),
    ("migrate",),
    ("check",),
    ("worker",),
    ("outbox",),
    ("outbox", "list"),
    ("outbox", "retry"),
    ("mails",),
    ("mails", "preview"),
    ("stripe-simulator",),
    ("users",),
    ("users", "create"),
    ("users", "show"),
    ("users", "verify"),
    ("users", "deactivate"),
    ("users", "restore"),
    ("users", "delete"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")

    assert ran.code == 0
    assert ran.out.startswith(f"usage: {' '.join(('accounts', *command))}")
    assert max(len(line) for line in ran.out.splitlines()) <= 100


def test_without_a_command_the_help_is_shown_and_it_is_a_usage_error(run: Run) -> None:
    ran = run()

    assert (ran.code, ran.out) == (2, "")
    assert "accounts serve" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("users",),
        ("users", "dance"),
        ("users", "show"),
        ("users", "create", "--email", "jane@example.org"),
        ("users", "create", "--mail", "jane@example.org", "--name", "Jane"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "http"),
        ("serve", "--port", "-1"),
        ("serve", "--workers", "0"),
        ("serve", "--por", "8000"),
        ("migrate", "now"),
        ("outbox",),
        ("outbox", "retry"),
        ("outbox", "retry", "job_1", "--parked"),
        ("outbox", "list", "--limit", "0"),
    ],
    ids=" ".join,
)
def test_what_is_not_understood_is_a_usage_error(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)

    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith("accounts")
    assert list(folder.iterdir()) == []


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    ran = run("--version")

    assert ran.code == 0
    assert ran.out.startswith("accounts ")
    assert ran.out.split()[1][0].isdigit()


def test_the_help_names_settings_that_there_are_with_the_defaults_that_they_have(run: Run) -> None:
    said = run("--help").out

    assert set(re.findall(r"ACCOUNTS_[A-Z_]+", said)) <= set(get_setting_names())
    assert f"ACCOUNTS_DATABASE_URL   {Settings().database_url}, or" in said


def test_help_needs_neither_the_web_framework_nor_the_database() -> None:
    asked = [sys.executable, "-X", "importtime", *COMMAND[1:], "--help"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=True)

    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert loaded.isdisjoint({"litestar", "sqlalchemy", "uvicorn", "asyncio"})


def test_a_command_says_what_it_needs_installed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "accounts_cli.commands", None)  # as where one of its own imports fails

    result = run("users", "show", "1")

    assert result.code == 1
    assert result.err.startswith("accounts: The command is not fully installed (import of accounts_cli.commands halted")
    assert result.err.endswith('): pip install "accounts-core[all]"\n')
