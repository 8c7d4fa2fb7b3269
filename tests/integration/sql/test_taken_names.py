"""A host application's table has the name of one of ours (E7), or its schema is missing (E31)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.sql.hosts import names_in, with_schemas

from accounts_core.errors import ConfigurationError
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine, current_revision, is_current, migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database where the host has a table `accounts_users`."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/host.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE accounts_users (id INTEGER PRIMARY KEY, nickname VARCHAR(20))"))
    yield engine
    engine.dispose()


def test_a_taken_name_is_an_error_with_the_ways_out(engine: sa.Engine) -> None:
    with pytest.raises(ConfigurationError) as raised:
        migrate(engine)

    assert str(raised.value) == (
        "accounts_users exists already in this database, and no migration of the accounts made it. Give the accounts"
        ' other names with prefix="auth_", or on PostgreSQL a schema of their own with schema="auth", in migrate and in'
        " the store and rate limiter; in the service with ACCOUNTS_DATABASE_PREFIX or ACCOUNTS_DATABASE_SCHEMA. If it"
        " is the accounts' own, the row of their revision is missing in accounts_alembic_version."
    )
    assert names_in(engine) == {"accounts_users"}


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        ("CREATE TABLE auth_sign_ups (id INTEGER)", "auth_sign_ups"),
        ("CREATE INDEX ix_auth_audit_at ON accounts_users (id)", "ix_auth_audit_at"),
    ],
)
def test_whichever_name_is_taken_is_named(engine: sa.Engine, theirs: str, name: str) -> None:
    migrate(engine, "0001", prefix="auth_")
    with engine.begin() as connection:
        connection.execute(sa.text(theirs))

    with pytest.raises(ConfigurationError, match=f"^{name} exists already"):
        migrate(engine, prefix="auth_")

    assert current_revision(engine, prefix="auth_") == "0001"


def test_a_prefix_is_a_way_out(engine: sa.Engine) -> None:
    with pytest.raises(ConfigurationError, match="run the migrations"):
        run_sync(keep(SqlStore(engine, prefix="auth_"), a_user()))

    migrate(engine, prefix="auth_")
    run_sync(keep(SqlStore(engine, prefix="auth_"), a_user()))

    assert is_current(engine, prefix="auth_")
    assert [name for name in names_in(engine) if name.startswith("accounts_")] == ["accounts_users"]
    migrate(engine, "base", prefix="auth_")
    assert names_in(engine) == {"accounts_users", "auth_alembic_version"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_schema_is_a_way_out_and_the_hosts_search_path_remains(engine: sa.Engine) -> None:
    with with_schemas(engine, "auth"), engine.connect() as connection:
        connection.execute(sa.text("SET search_path TO public, pg_temp"))
        connection.commit()
        migrate(connection, schema="auth")
        assert connection.execute(sa.text("SHOW search_path")).scalar_one() == "public, pg_temp"
        connection.execute(sa.text("SELECT nickname FROM accounts_users"))
        connection.commit()

        assert is_current(connection, schema="auth")
        assert not is_current(connection)
    assert names_in(engine) == {"accounts_users"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_migration_leaves_nothing_on_a_connection_that_pgbouncer_gives_to_others(engine: sa.Engine) -> None:
    """E31: settings end with the transaction, and no lock is the session's."""
    pooled = create_engine(engine.url, pgbouncer=True, pool_size=1, max_overflow=0, pool_reset_on_return=None)
    names = ("search_path", "lock_timeout", "statement_timeout")
    settings = sa.select(*map(sa.func.current_setting, names))
    with pooled.begin() as connection:
        before = connection.execute(settings).one()

    with with_schemas(engine, "auth"):
        migrate(pooled, schema="auth")
        assert is_current(pooled, schema="auth")

        with pooled.begin() as connection:
            assert connection.execute(settings).one() == before
            locks = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            assert connection.execute(locks).scalar_one() == 0
    pooled.dispose()
    assert names_in(engine) == {"accounts_users"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_schema_that_is_missing_is_named(engine: sa.Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"^There is no schema 'nowhere' in the database: create it first\.$"):
        migrate(engine, schema="nowhere")
    assert not is_current(engine, schema="nowhere")


def test_sqlite_has_no_schemas(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Only PostgreSQL has schemas"):
        migrate(f"sqlite:///{tmp_path}/a.db", schema="auth")
