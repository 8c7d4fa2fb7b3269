"""The command with tables of another prefix or schema (E7), of a later release (E6), and as printed SQL."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.cli.harness import PASSWORD, Run

from accounts_sql import create_engine, head_revision

HEAD = head_revision()


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def set_revision(file: Path, revision: str, served_from: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "UPDATE accounts_alembic_version SET version_num = ?, served_from = ?", (revision, served_from)
        )


def test_the_tables_have_the_prefix_of_the_setting(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users, and limits, which a sign-in counts."""
    with closing(sqlite3.connect(folder / "accounts.db")) as database:
        database.execute("CREATE TABLE accounts_users (nickname TEXT)")
    assert "exists already" in run("migrate").err
    monkeypatch.setenv("ACCOUNTS_DATABASE_PREFIX", "auth_")

    assert run("migrate").code == 0
    made = run("users", "create", "--email", "jane@example.org", "--name", "Jane", "--password-stdin", stdin=PASSWORD)

    assert made.code == 0
    assert run("users", "show", "1").code == 0
    assert run("users", "unlock", "1").code == 0
    assert run("check").code == 0
    assert {name for name in tables(folder / "accounts.db") if not name.startswith("auth_")} <= {
        "accounts_users",
        "sqlite_sequence",
    }


@pytest.mark.parametrize("prefix", ["auth", "Auth_", "sqlite_", ""])
def test_a_prefix_that_cannot_be_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_PREFIX", prefix)

    ran = run("migrate")

    assert ran.code == 1
    assert ran.err.startswith(
        "accounts: ACCOUNTS_DATABASE_PREFIX: expected 2 to 16 lower-case letters, digits and underscores, such as auth_"
    )


def test_the_tables_are_in_the_schema_of_the_setting(
    run: Run, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("ACCOUNTS_DATABASE_SCHEMA", "auth")
    assert "There is no schema 'auth'" in run("migrate").err
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("auth"))

    assert run("migrate").code == 0
    assert (
        run("users", "create", "--email", "j@example.org", "--name", "J", "--password-stdin", stdin=PASSWORD).code == 0
    )

    assert sa.inspect(engine).get_table_names() == []
    assert "accounts_users" in sa.inspect(engine).get_table_names(schema="auth")
    engine.dispose()


def test_a_schema_is_not_for_sqlite(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_DATABASE_SCHEMA", "auth")

    assert run("migrate").err == (
        "accounts: sqlite:///accounts.db cannot be migrated: Only PostgreSQL has schemas. Give the tables another"
        " prefix instead.\n"
    )


def test_a_database_that_a_later_release_added_to_is_served_and_that_is_said(run: Run, folder: Path) -> None:
    run("migrate")
    set_revision(folder / "accounts.db", "9001", HEAD)
    notice = f"The database is at revision 9001 of a later release; this release knows {HEAD} and can serve it."

    assert run("migrate").out == f"sqlite:///accounts.db is up to date. WARNING: {notice}\n"
    checked = run("check")
    assert checked.code == 0
    assert f"sqlite:///accounts.db, up to date (revision 9001); WARNING: {notice}" in checked.out
    assert run("outbox", "list").code == 0


def test_a_database_that_a_later_release_changed_is_refused_with_what_to_do(run: Run, folder: Path) -> None:
    run("migrate")
    set_revision(folder / "accounts.db", "9002", "9002")

    for command, done in (
        (("outbox", "list"), "used"),
        (("migrate",), "migrated"),
        (("serve", "--port", "0"), "migrated"),
    ):
        ran = run(*command)
        assert ran.code == 1
        assert ran.err.startswith(f"accounts: sqlite:///accounts.db cannot be {done}: The database is at revision 9002")
        assert "deploy the later release everywhere" in ran.err
    assert run("check").code == 1


def test_migrations_are_printed_and_nothing_is_done(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("migrate", "--sql")

    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith("BEGIN IMMEDIATE;\n")
    assert list(folder.iterdir()) == []
    with closing(sqlite3.connect(folder / "accounts.db")) as database:
        database.executescript(printed.out)
    assert run("check").code == 0
    monkeypatch.setenv("ACCOUNTS_DATABASE_URL", "postgresql://jane@127.0.0.1:1/accounts")
    monkeypatch.setenv("ACCOUNTS_DATABASE_PREFIX", "auth_")
    from_ten = run("migrate", "--sql", "--from", "0010").out
    assert "ALTER TABLE auth_alembic_version ADD COLUMN served_from VARCHAR(32);" in from_ten
    assert "CREATE TABLE" not in from_ten


def test_what_cannot_be_printed_is_said(run: Run) -> None:
    assert run("migrate", "--from", "0009").err == "accounts: --from is an option of `accounts migrate --sql`.\n"
    assert "There is no revision 'x'" in run("migrate", "--sql", "--from", "x").err
    assert "Revision 0009 reads rows" in run("migrate", "--sql", "--from", "0008").err
