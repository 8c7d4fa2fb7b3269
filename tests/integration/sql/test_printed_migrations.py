"""Migrations as printed SQL, for whoever runs the statements themselves."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.integration.sql.test_migrations import definitions

from accounts_core.errors import ConfigurationError
from accounts_sql import create_engine, current_revision, database_status, head_revision, migrate, migration_sql


def run(url: str, sql: str) -> None:
    """Run a script as `psql` and `sqlite3` do."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.executescript(sql)
        connection.close()
        return
    with psycopg.connect(url, autocommit=True) as connection_:
        connection_.execute(sql.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def dialect_of(url: str) -> str:
    return url.partition(":")[0].partition("+")[0]


def test_the_printed_statements_make_what_a_migration_makes(url: str) -> None:
    engine = create_engine(url)
    migrate(engine)
    expected = (definitions(engine), database_status(engine))
    migrate(engine, "base")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE accounts_alembic_version"))

    run(url, migration_sql(dialect_of(url)))

    assert (definitions(engine), database_status(engine)) == expected
    run(url, migration_sql(dialect_of(url), "0009", start=head_revision()))
    assert current_revision(engine) == "0009"
    run(url, migration_sql(dialect_of(url), start="0009"))
    assert database_status(engine) == expected[1]
    run(url, migration_sql(dialect_of(url), "base", start="head"))
    assert definitions(engine) == []
    engine.dispose()


def test_the_printed_statements_are_for_the_place_of_the_tables(postgres_url: str) -> None:
    run(postgres_url, 'CREATE SCHEMA "Auth"')

    run(postgres_url, migration_sql("postgresql", schema="Auth", prefix="auth_"))

    assert database_status(postgres_url, schema="Auth", prefix="auth_").is_served
    assert current_revision(postgres_url) is None


def test_a_revision_that_reads_rows_is_printed_for_a_new_database_only() -> None:
    with pytest.raises(ConfigurationError) as raised:
        migration_sql("postgresql", start="0008")
    assert str(raised.value) == (
        "Revision 0009 reads rows, which printed SQL cannot: migrate to it with `accounts migrate`, or print what"
        " follows it."
    )


@pytest.mark.parametrize(("dialect", "revision"), [("mysql", "head"), ("sqlite", "0000")])
def test_what_cannot_be_printed_is_refused(dialect: str, revision: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{dialect if revision == 'head' else revision}"):
        migration_sql(dialect, revision)


def test_one_transaction_is_printed() -> None:
    for dialect, begin in (("sqlite", "BEGIN IMMEDIATE;"), ("postgresql", "BEGIN;")):
        lines = [line for line in migration_sql(dialect).splitlines() if line]
        assert (lines[0], lines[-1]) == (begin, "COMMIT;")
        assert sum(line.startswith(("BEGIN", "COMMIT")) for line in lines) == 2
