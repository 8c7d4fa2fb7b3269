"""Indexes on tables in use: PostgreSQL builds them outside of transactions, and again if it broke off."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from tests.integration.sql.hosts import with_schemas

from accounts_core.errors import Conflict
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine, current_revision, head_revision, migrate
from accounts_sql.migrations.history import History, Revision
from accounts_sql.migrations.indexes import NewIndex
from accounts_sql.migrations.released import RELEASED
from accounts_sql.migrations.running import Migration
from accounts_sql.migrations.steps import downgrades_from, upgrades_to
from accounts_sql.tables.location import Location

HEAD = head_revision()
NAMES = NewIndex("ix_accounts_users_name", "accounts_users", ("name",))
UNIQUE = NewIndex("uq_accounts_users_name", "accounts_users", ("name",), unique=True, where=sa.text("status = 0"))


def later(*indexes: NewIndex) -> History:
    """Return the history of a later release, whose last revision has these indexes."""

    @upgrades_to("accounts_9001")
    def upgrade(op: Operations) -> None:
        for index in indexes:
            index.create(op)

    @downgrades_from("accounts_9001")
    def downgrade(op: Operations) -> None:
        for index in indexes:
            index.drop(op)

    return History((*RELEASED.revisions, Revision("9001", HEAD, HEAD, indexes, upgrade, downgrade)))


def to_later(*indexes: NewIndex, location: Location | None = None, revision: str = "head") -> Migration:
    return Migration(revision, location or Location(), later(*indexes))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database of this release with two users of one name."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/new.db"
    engine = create_engine(url)
    migrate(engine)
    run_sync(keep(SqlStore(engine), a_user(1, name="Jane"), a_user(2, name="Jane")))
    yield engine
    engine.dispose()


postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def said(engine: sa.Engine) -> Iterator[list[str]]:
    """What reaches the database about indexes."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if " INDEX " in statement:
            statements.append(" ".join(statement.split()))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", note)


def indexes_of(engine: sa.Engine, table: str = "accounts_users", schema: str | None = None) -> set[str | None]:
    return {each["name"] for each in sa.inspect(engine).get_indexes(table, schema=schema)}


def test_an_index_is_there_after_the_upgrade_and_gone_after_going_back(engine: sa.Engine, said: list[str]) -> None:
    to_later(NAMES).on_engine(engine)
    to_later(NAMES).on_engine(engine)

    how = " CONCURRENTLY" if engine.dialect.name == "postgresql" else ""
    assert said == [f"CREATE INDEX{how} ix_accounts_users_name ON accounts_users (name)"]
    assert NAMES.name in indexes_of(engine)
    assert current_revision(engine) == "9001"
    to_later(NAMES, revision=HEAD).on_engine(engine)
    assert NAMES.name not in indexes_of(engine)


@postgresql
def test_writers_go_on_while_the_index_is_built_and_no_transaction_is_waited_for_in_vain(engine: sa.Engine) -> None:
    """A writer's transaction holds the build up, and meanwhile another process begins to migrate."""
    with ThreadPoolExecutor(2) as threads:
        with engine.begin() as writer:
            writer.execute(sa.text("UPDATE accounts_users SET name = 'Mary' WHERE id = 1"))
            building = threads.submit(to_later(NAMES).on_engine, engine)
            wait_for(engine, "query LIKE 'CREATE INDEX CONCURRENTLY%'")
            waiting = threads.submit(to_later(NAMES).on_engine, engine)
            wait_for(engine, "query LIKE 'SELECT pg_sleep%' OR wait_event = 'advisory'")
            run_sync(keep(SqlStore(engine), a_user(3)))
        building.result(30)
        waiting.result(30)

    assert current_revision(engine) == "9001"
    assert locks_of_sessions(engine) == 0


def wait_for(engine: sa.Engine, state: str) -> None:
    """Wait until a session of the server is in a state."""
    found = 0
    while not found:
        with engine.connect() as connection:
            count = f"SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ({state})"
            found = connection.execute(sa.text(count)).scalar_one()


def locks_of_sessions(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        found = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        return int(connection.execute(found).scalar_one())


@postgresql
def test_an_index_that_broke_off_is_made_again(engine: sa.Engine, said: list[str]) -> None:
    with pytest.raises(Conflict):
        to_later(UNIQUE).on_engine(engine)
    assert current_revision(engine) == HEAD
    assert not is_valid(engine, UNIQUE)
    assert locks_of_sessions(engine) == 0

    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts_users SET name = 'Mary' WHERE id = 1"))
    said.clear()
    to_later(UNIQUE).on_engine(engine)

    assert said == [
        "DROP INDEX CONCURRENTLY uq_accounts_users_name",
        "CREATE UNIQUE INDEX CONCURRENTLY uq_accounts_users_name ON accounts_users (name) WHERE status = 0",
    ]
    assert is_valid(engine, UNIQUE)
    assert current_revision(engine) == "9001"


def is_valid(engine: sa.Engine, index: NewIndex) -> bool | None:
    with engine.connect() as connection:
        return index.is_valid(connection, Location())


@postgresql
def test_what_was_built_before_a_crash_is_not_built_again(engine: sa.Engine, said: list[str]) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        NAMES.build(connection, Location())
    said.clear()

    to_later(NAMES).on_engine(engine)

    assert said == []
    assert current_revision(engine) == "9001"


@postgresql
def test_on_a_hosts_connection_it_is_an_ordinary_index_and_that_is_said(
    engine: sa.Engine, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Conflict):
        to_later(UNIQUE).on_engine(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts_users SET name = 'Mary' WHERE id = 1"))
        said.clear()
        with caplog.at_level(logging.WARNING):
            to_later(UNIQUE).on_connection(connection)

    assert said == [
        "DROP INDEX uq_accounts_users_name",
        "CREATE UNIQUE INDEX uq_accounts_users_name ON accounts_users (name) WHERE status = 0",
    ]
    (warning,) = caplog.messages
    assert warning == (
        "The index uq_accounts_users_name is made in this transaction: writes to accounts_users wait until it is"
        " committed."
    )
    assert is_valid(engine, UNIQUE)


@postgresql
def test_an_engine_for_pgbouncer_holds_no_lock_of_a_session(engine: sa.Engine, said: list[str]) -> None:
    pooled = create_engine(engine.url, pgbouncer=True)
    sa.event.listen(pooled, "before_cursor_execute", lambda *each: said.append(each[2]))
    to_later(NAMES).on_engine(pooled)
    pooled.dispose()

    assert not [each for each in said if "CONCURRENTLY" in each or each.startswith(("SET ", "RESET"))]
    assert NAMES.name in indexes_of(engine)


@postgresql
def test_a_new_database_is_migrated_in_one_transaction(engine: sa.Engine, said: list[str]) -> None:
    migrate(engine, "base")
    said.clear()

    to_later(NAMES).on_engine(engine)

    assert not [each for each in said if "CONCURRENTLY" in each]
    assert NAMES.name in indexes_of(engine)


@postgresql
def test_it_is_built_where_the_tables_are(engine: sa.Engine, said: list[str]) -> None:
    location = Location("Members", "auth_")
    with with_schemas(engine, "Members"):
        migrate(engine, schema="Members", prefix="auth_")
        said.clear()
        to_later(NAMES, location=location).on_engine(engine)

        assert said == ['CREATE INDEX CONCURRENTLY ix_auth_users_name ON "Members".auth_users (name)']
        assert "ix_auth_users_name" in indexes_of(engine, "auth_users", "Members")
        assert NAMES.name not in indexes_of(engine)
