"""`accounts users ...`, as an operator uses it."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy
from tests.integration.cli.harness import PASSWORD, CommandResult, Run, create, fill_failures, is_locked

from accounts_core.model.jobs import SignUpJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.sync import run_sync
from accounts_sql import SqlRateLimiter, SqlStore, create_engine


@pytest.fixture(autouse=True)
def database(run: Run) -> None:
    assert run("migrate").code == 0


def facts(run: Run, who: str = "jane@example.org") -> dict[str, object]:
    shown = run("users", "show", who, "--json")
    assert (shown.code, shown.err) == (0, "")
    found = json.loads(shown.out)
    assert isinstance(found, dict)
    return found


def test_a_user_is_created_and_shown(run: Run) -> None:
    assert create(run) == CommandResult(0, "Created user 1, jane@example.org.\n", "")

    assert (
        facts(run).items()
        >= {
            "id": 1,
            "email": "jane@example.org",
            "email_verified_at": None,
            "name": "Jane Doe",
            "status": "active",
        }.items()
    )


def test_a_user_is_found_by_id_and_by_any_spelling_of_the_address(run: Run) -> None:
    create(run)

    assert facts(run, "1") == facts(run, "JANE@Example.ORG") == facts(run)


def test_show_is_readable_and_never_shows_the_password(run: Run) -> None:
    create(run)

    shown = run("users", "show", "1")

    assert "email:             jane@example.org\n" in shown.out
    assert "email verified at: -\n" in shown.out
    assert "argon2" not in shown.out


def test_a_user_can_be_created_with_a_verified_address(run: Run) -> None:
    create(run, more=["--verified"])

    assert facts(run)["email_verified_at"] is not None


def test_a_user_can_be_created_with_a_language_and_a_time_zone(run: Run) -> None:
    created = create(run, more=["--locale", "DE-at", "--time-zone", "Europe/Vienna"])
    refused = create(run, email="john@example.org", more=["--locale", "de_AT"])

    assert created == CommandResult(0, "Created user 1, jane@example.org.\n", "")
    assert facts(run).items() >= {"locale": "de-AT", "time_zone": "Europe/Vienna"}.items()
    assert "time zone:         Europe/Vienna\n" in run("users", "show", "1").out
    assert refused == CommandResult(1, "", "accounts: locale: Use a BCP 47 language tag, such as de-AT.\n")


def test_an_address_may_have_a_domain_in_any_script(run: Run) -> None:
    create(run, email="jane@b\u00fccher.example")

    assert facts(run, "jane@b\u00fccher.example")["email"] == "jane@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("email", "name", "password", "said"),
    [
        ("jane", "Jane", PASSWORD, "email: This is not an email address."),
        ("jane@example.org", " ", PASSWORD, "name: This cannot be empty."),
        ("jane@example.org", "Jane", "short", "password: A password has at least 15 characters."),
        ("jane@example.org", "Jane", "\n" + PASSWORD, "Expected one line with the password on standard input; got 2."),
        ("jane@example.org", "Jane", "", "Expected one line with the password on standard input; got 0."),
        ("jane@example.org", "Jane", "x" * 1025, "password: A password has at most 1024 bytes."),
    ],
)
def test_what_cannot_be_is_said_in_one_line(run: Run, email: str, name: str, password: str, said: str) -> None:
    ran = run("users", "create", "--email", email, "--name", name, "--password-stdin", stdin=password)

    assert ran == CommandResult(1, "", f"accounts: {said}\n")
    assert run("users", "show", "1").code == 1


def test_an_address_is_taken_once(run: Run) -> None:
    create(run)

    assert create(run, email="Jane@example.org") == CommandResult(
        1, "", "accounts: This email address already has an account.\n"
    )


def test_without_a_terminal_a_password_has_to_come_from_standard_input(run: Run) -> None:
    ran = run("users", "create", "--email", "jane@example.org", "--name", "Jane", stdin=PASSWORD)

    assert ran == CommandResult(
        1, "", "accounts: The password prompt needs a terminal. Use --password-stdin instead.\n"
    )


def test_verify_takes_the_address_as_verified(run: Run) -> None:
    create(run)

    assert run("users", "verify", "jane@example.org") == CommandResult(0, "User 1: jane@example.org is verified.\n", "")
    assert facts(run)["email_verified_at"] is not None


def test_a_deactivated_user_is_restored_as_it_was(run: Run) -> None:
    create(run)
    before = facts(run)

    assert run("users", "deactivate", "1").code == 0
    assert facts(run)["status"] == "deactivated"
    assert run("users", "deactivate", "1").err.startswith("accounts: This account is deactivated.")
    assert run("users", "restore", "1").code == 0

    assert facts(run) == {**before, "updated_at": facts(run)["updated_at"]}


def test_delete_shows_what_goes_and_deletes_when_told_that_it_is_sure(run: Run) -> None:
    create(run)

    ran = run("users", "delete", "jane@example.org", "--yes")

    assert (ran.code, ran.err) == (0, "")
    assert "  destroyed: accounts 0, interactions 0, memberships 0," in ran.out
    assert ran.out.endswith("Deleted user 1.\n")
    assert run("users", "show", "jane@example.org").code == 1


def test_delete_needs_somebody_to_ask(run: Run) -> None:
    create(run)

    ran = run("users", "delete", "jane@example.org", stdin="yes\n")

    assert (ran.code, ran.err) == (1, "accounts: The confirmation prompt needs a terminal. Use --yes to skip it.\n")
    assert facts(run)["id"] == 1


def test_what_an_operator_does_to_an_account_is_the_operators_in_its_trail(run: Run) -> None:
    create(run)
    for action in ("verify", "deactivate", "restore"):
        assert run("users", action, "1").code == 0

    trail = json.loads(run("audit", "--user", "1", "--json").out)
    actors = {entry["action"]: entry["by"] for entry in trail}
    for event in ("email_verified", "user_deactivated", "user_restored"):
        assert actors[event] == "operator", event


@pytest.mark.parametrize("action", ["show", "verify", "deactivate", "restore", "delete", "unlock"])
@pytest.mark.parametrize("who", ["nobody@example.org", "99", "0", "99999999999999999999999999", "9" * 4400])
def test_a_user_that_is_not_there_is_said_so(run: Run, action: str, who: str) -> None:
    ran = run("users", action, who)

    assert ran == CommandResult(1, "", "accounts: No such user.\n")


def test_what_is_neither_address_nor_id_is_said_so(run: Run) -> None:
    assert run("users", "show", "jane") == CommandResult(1, "", "accounts: email: This is not an email address.\n")


def test_without_tables_the_way_to_make_them_is_said(run: Run, folder: Path) -> None:
    (folder / "accounts.db").unlink()

    said = "There is no database sqlite:///accounts.db yet: run `accounts migrate` or `accounts serve` to create it."
    assert create(run) == CommandResult(1, "", f"accounts: {said}\n")
    assert list(folder.glob("*.db")) == []


def test_a_database_of_something_else_is_left_alone(run: Run, folder: Path) -> None:
    (folder / "accounts.db").unlink()
    with sqlite3.connect(folder / "accounts.db") as other:
        other.execute("CREATE TABLE users (name TEXT)")
    other.close()

    ran = create(run)

    assert ran.code == 1
    assert ran.err.endswith("are not those of this release: run `accounts migrate`.\n")


def test_all_of_it_works_on_postgresql(run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", postgres_url)

    said = [
        run("check"),
        run("migrate"),
        run("check"),
        create(run),
        run("users", "show", "jane@example.org"),
        run("users", "delete", "1", "--yes"),
    ]

    assert [ran.code for ran in said] == [1, 0, 0, 0, 0, 0]


def test_a13_unlock_ends_the_failures_that_are_counted_in_the_database(run: Run, folder: Path) -> None:
    create(run)
    limits = SqlRateLimiter(create_engine("sqlite:///accounts.db"))
    for address in ("jane", "john"):
        fill_failures(limits, f"{address}@example.org")

    assert run("users", "unlock", "jane@example.org") == CommandResult(
        0, "User 1, jane@example.org, is unlocked: earlier wrong passwords no longer count.\n", ""
    )

    assert not is_locked(limits, "jane@example.org")
    assert is_locked(limits, "john@example.org")
    (entry,) = [line for line in run("audit", "--user", "1").out.splitlines() if "user_unlocked" in line]
    assert entry.split()[3:5] == ["1", "operator"]


def test_a16_the_trail_of_a_deleted_user_is_shown_by_id(run: Run) -> None:
    create(run, name="J\u00e4ne")
    run("users", "delete", "1", "--yes")

    shown, told = run("audit", "--user", "1"), run("audit", "--user", "1", "--json")

    assert (shown.code, shown.err) == (0, "")
    assert [line.split()[5] for line in shown.out.splitlines()[1:]] == ["user_deleted", "user_registered"]
    assert [entry["action"] for entry in json.loads(told.out)] == ["user_deleted", "user_registered"]
    assert run("audit", "--user", "2") == CommandResult(1, "", "accounts: No such user.\n")
    assert run("audit", "--user", "jane@example.org") == CommandResult(1, "", "accounts: No such user.\n")


def test_a16_json_is_ascii_whatever_the_terminal_can_show(run: Run) -> None:
    create(run, name="J\u00e4ne \U0001f600")

    for command in (("users", "show", "1", "--json"), ("audit", "--json"), ("outbox", "list", "--json")):
        shown = run(*command)
        assert shown.out.isascii()
        assert json.loads(shown.out)
    assert json.loads(run("users", "show", "1", "--json").out)["name"] == "J\u00e4ne \U0001f600"


def test_c06_the_outbox_shows_no_hash_of_a_password(run: Run) -> None:
    """A job of an earlier release has one in it, and a job of a host's may have anything."""
    store, hashed = SqlStore(create_engine("sqlite:///accounts.db")), "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA"
    payload = {"email": "jane@example.org", "name": "Jane", "password_hash": hashed, "new_password": "hunter2"}
    job = OutboxJob(
        id="job_1", topic=SignUpJob.topic, payload=payload, created_at=datetime.now(UTC), due=datetime.now(UTC)
    )

    async def put() -> None:
        async with store.begin() as work:
            await work.outbox.add(job)

    run_sync(put())

    shown, listed = run("outbox", "list", "--json"), run("outbox", "list")

    (told,) = json.loads(shown.out)
    assert told["payload"] == {
        "email": "jane@example.org",
        "name": "Jane",
        "password_hash": "...",
        "new_password": "...",
    }
    assert "argon2" not in shown.out + listed.out
    assert "hunter2" not in shown.out + listed.out


def test_a16_a_database_that_checks_no_text_is_refused_in_a_line(
    run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = f"odd_{uuid4().hex}"
    server = sqlalchemy.create_engine(
        sqlalchemy.make_url(postgres_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {made} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    url = sqlalchemy.make_url(postgres_url).set(database=made).render_as_string(hide_password=False)
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", url)
    try:
        for command in (("migrate",), ("users", "show", "1"), ("serve", "--port", "0"), ("worker", "--once")):
            ran = run(*command)
            assert (ran.code, ran.out) == (1, "")
            assert ran.err.endswith("The database's encoding is SQL_ASCII; the accounts need UTF8.\n")
            assert len(ran.err.splitlines()) == 1
        assert "database  FAILED" in run("check").out
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {made}")
        server.dispose()


def test_a16_two_versions_in_one_database_are_refused_in_a_line(run: Run, folder: Path) -> None:
    with sqlite3.connect(folder / "accounts.db") as database:
        database.execute("INSERT INTO accounts_alembic_version (version_num) VALUES ('0001')")
    database.close()

    for command in (("migrate",), ("users", "show", "1"), ("serve", "--port", "0"), ("worker", "--once"), ("audit",)):
        ran = run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.endswith("The table accounts_alembic_version has 2 rows; it must have one.\n")
        assert len(ran.err.splitlines()) == 1
