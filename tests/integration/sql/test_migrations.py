"""The migrations and the tables say the same, forwards, backwards, and from two processes at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, Backend

from accounts_core.errors import ConfigurationError, Unavailable
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_job, a_user, a_verification
from accounts_core.testing.harness import keep
from accounts_sql import (
    SqlStore,
    create_async_engine,
    create_engine,
    current_revision,
    head_revision,
    is_current,
    is_current_async,
    migrate,
    migrate_async,
    tables_for,
)
from accounts_sql.connections.hosts import without_time_limit
from accounts_sql.tables import metadata, sqlite_metadata
from accounts_sql.tables.versions import VERSION_TABLE


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def definitions(engine: sa.Engine) -> list[str]:
    """Return what the database itself says of every table, index, constraint and sequence."""
    if engine.dialect.name == "sqlite":
        asked = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE :not"
    else:
        asked = """
            SELECT 'column ' || table_name || '.' || column_name || ' ' || concat_ws(
                ' ', ordinal_position, data_type, is_nullable, collation_name, column_default, is_identity
            ) FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE :not
            UNION ALL SELECT 'index ' || indexdef
                FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE :not
            UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
                FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE :not
            UNION ALL SELECT 'sequence ' || sequencename FROM pg_sequences WHERE sequencename NOT LIKE :not
        """
    with engine.connect() as connection:
        found = connection.execute(sa.text(asked), {"not": f"%{VERSION_TABLE}%"}).scalars()
        return sorted(_ordered(definition) for definition in found)


def _ordered(definition: str) -> str:
    """Put a table's clauses in one order: in which one they were written says nothing."""
    return ", ".join(sorted(" ".join(definition.split()).removesuffix(" ) STRICT").split(", ")))


def test_migrating_an_empty_database_makes_what_the_tables_say(engine: sa.Engine) -> None:
    migrate(engine)

    expected = tables_for().metadata_on(engine.dialect.name)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, expected)
    assert differences == []


def test_down_to_the_letter_it_is_what_create_all_would_make(engine: sa.Engine) -> None:
    migrate(engine)
    migrated = definitions(engine)
    migrate(engine, "base")
    assert definitions(engine) == []

    metadata.create_all(engine)
    if engine.dialect.name == "sqlite":
        sqlite_metadata.create_all(engine)

    assert definitions(engine) == migrated


def test_down_to_the_base_and_up_again(engine: sa.Engine) -> None:
    migrate(engine)
    before = definitions(engine)
    run_sync(keep(SqlStore(engine), a_user()))

    migrate(engine, "base")
    assert current_revision(engine) is None
    migrate(engine)

    assert definitions(engine) == before
    run_sync(keep(SqlStore(engine), a_user()))


@pytest.mark.parametrize("revision", ["0001", "0002", "0004"])
def test_down_to_an_older_revision_leaves_what_that_one_made(engine: sa.Engine, revision: str) -> None:
    migrate(engine, revision)
    before = definitions(engine)
    migrate(engine)
    run_sync(keep(SqlStore(engine), a_user(customer_id="cus_1"), a_verification(outcome_undelivered=True), a_job()))

    migrate(engine, revision)

    assert definitions(engine) == before


def test_a_revision_can_be_named(engine: sa.Engine) -> None:
    migrate(engine, "0001")

    assert current_revision(engine) == "0001"


def test_an_empty_database_is_not_current_and_a_migrated_one_is(url: str) -> None:
    assert current_revision(url) is None
    assert is_current(url) is False

    migrate(url)

    assert current_revision(url) == head_revision()
    assert is_current(url) is True


def test_migrating_again_changes_nothing(engine: sa.Engine) -> None:
    migrate(engine)
    run_sync(keep(SqlStore(engine), a_user()))

    migrate(engine)

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM accounts_users")).scalar() == 1


def test_an_unknown_revision_is_the_hosts_fault(engine: sa.Engine) -> None:
    with pytest.raises(ConfigurationError):
        migrate(engine, "no-such-revision")

    assert definitions(engine) == []


def test_a_database_from_a_later_version_is_left_alone(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999', served_from = '9999'"))
    before = definitions(engine)

    assert is_current(engine) is False
    for revision in ("head", "base"):
        with pytest.raises(ConfigurationError):
            migrate(engine, revision)
    assert definitions(engine) == before


def test_a_migration_that_fails_leaves_the_database_as_it_was(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE accounts_outbox (somebody_elses INTEGER)"))
    before = definitions(engine)

    with pytest.raises(ConfigurationError):
        migrate(engine)

    assert definitions(engine) == before
    assert current_revision(engine) is None


def test_a_database_of_an_earlier_release_is_migrated_as_it_is(engine: sa.Engine) -> None:
    """Its version table is as Alembic made it, with ids that are numbers only."""
    migrate(engine, "0010")
    as_before = (
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL,"
        f" CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    with engine.begin() as connection:
        made = columns_and_key(connection)
        for statement in (f"DROP TABLE {VERSION_TABLE}", as_before, f"INSERT INTO {VERSION_TABLE} VALUES ('0010')"):
            connection.execute(sa.text(statement))
        assert columns_and_key(connection) == made
    assert (current_revision(engine), is_current(engine)) == ("0010", False)

    migrate(engine)

    assert is_current(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables_for().metadata_on(engine.dialect.name)) == []


def columns_and_key(connection: sa.Connection) -> tuple[list[str], str | None]:
    inspector = sa.inspect(connection)
    columns = [f"{each['name']} {each['type']} {each['nullable']}" for each in inspector.get_columns(VERSION_TABLE)]
    return columns, inspector.get_pk_constraint(VERSION_TABLE)["name"]


def test_a_hosts_own_alembic_is_not_disturbed(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('theirs')"))

    migrate(engine)
    migrate(engine, "base")

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == ["theirs"]


def test_processes_that_migrate_at_once_wait_for_each_other(url: str) -> None:
    """Three by URL, and a host's on a connection of its own (E1)."""
    hosts = sa.make_url(url).set(drivername="postgresql+psycopg" if "postgres" in url else "sqlite")
    on_a_connection = (
        f"import sqlalchemy as sa; engine = sa.create_engine({hosts.render_as_string(hide_password=False)!r})\n"
        "with engine.begin() as connection: migrate(connection)\nengine.dispose()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"from accounts_sql import migrate; {source}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for source in (*[f"migrate({url!r})"] * 3, on_a_connection)
    ]
    complaints = [process.communicate(timeout=60)[1] for process in processes]

    assert complaints == [""] * 4
    assert is_current(url)


def test_a_database_that_is_away_is_unavailable() -> None:
    for url in ("postgresql://127.0.0.1:1/accounts", "sqlite:////nowhere/at/all/accounts.db"):
        with pytest.raises(Unavailable):
            migrate(url)
        with pytest.raises(Unavailable):
            is_current(url)


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [AIOSQLITE, ASYNCPG], indirect=True)
async def test_an_event_loop_migrates_through_its_own_engine(
    backend: Backend, tmp_path: Path, postgres_url: str
) -> None:
    url = postgres_url if backend.driver == ASYNCPG else f"sqlite:///{tmp_path}/new.db"
    engine = create_async_engine(url)
    assert await is_current_async(engine) is False

    await migrate_async(engine)

    assert await is_current_async(engine) is True
    await migrate_async(engine, "base")
    assert await is_current_async(engine) is False
    await engine.dispose()


@pytest.mark.usefixtures("drive")
@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_a_migration_may_take_longer_than_any_statement_of_the_service(
    backend: Backend, postgres_url: str
) -> None:
    engine = create_async_engine(postgres_url)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver._config = driver._config._replace(command_timeout=0.05)  # now, and not before it has connected

        def takes_long(connection: sa.Connection) -> None:
            with without_time_limit(connection):
                connection.execute(sa.text("SELECT pg_sleep(0.2)"))

        await connection.run_sync(takes_long)
        with pytest.raises(TimeoutError):
            await connection.execute(sa.text("SELECT pg_sleep(0.2)"))
        await connection.invalidate()
    await engine.dispose()
