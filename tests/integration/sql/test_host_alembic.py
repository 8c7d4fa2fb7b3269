"""The accounts' migrations beside a host application's own Alembic, in one database (E2, E3, E4, E5)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from tests.integration.sql.hosts import OURS, make_host, make_models, names_in, with_schemas

import accounts_sql
from accounts_core.errors import ConfigurationError
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, current_revision, head_revision, is_current, migrate

OUR_HEAD = f"accounts_{head_revision()}"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The host's own engine, on an empty database: not one of `accounts_sql.create_engine`."""
    url = sa.make_url(f"sqlite:///{tmp_path}/host.db")
    if request.param == "postgresql":
        url = sa.make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


def theirs(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars())


# ---- E2: from env.py and from a revision


def test_env_py_migrates_the_accounts_in_the_hosts_transaction(engine: sa.Engine, tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", engine, before=migrate, refers_to="accounts_users.id")

    host.upgrade()
    host.upgrade()

    assert is_current(engine)
    assert {"orders", "invoices", "accounts_users"} <= names_in(engine)
    assert theirs(engine) == ["0002"]
    host.downgrade("base")
    assert names_in(engine) & {"orders", "accounts_users"} == {"accounts_users"}


@pytest.mark.parametrize("where", ["before", "connected"])
def test_wherever_env_py_migrates_the_accounts_both_are_committed(
    engine: sa.Engine, tmp_path: Path, where: str
) -> None:
    """Alembic takes a transaction that is open when it is configured for the host's, and does not commit it."""
    older: Any = {where: partial(migrate, revision="0010")}
    make_host(tmp_path / "older", engine, **older).upgrade()
    assert (current_revision(engine), theirs(engine)) == ("0010", ["0002"])

    newer: Any = {where: migrate}
    make_host(tmp_path / "newer", engine, **newer).upgrade()  # the host has nothing to do

    assert (is_current(engine), theirs(engine)) == (True, ["0002"])


def test_a_revision_migrates_the_accounts_and_goes_on(engine: sa.Engine, tmp_path: Path) -> None:
    host = make_host(
        tmp_path / "host",
        engine,
        in_revision="__import__('accounts_sql').migrate(op.get_bind(), '0010')",
        refers_to="accounts_users.id",
    )

    host.upgrade()

    assert current_revision(engine) == "0010"
    assert {"orders", "invoices"} <= names_in(engine)


@pytest.mark.parametrize("where", ["env.py", "a revision"])
def test_what_fails_in_the_hosts_upgrade_takes_the_accounts_with_it(
    engine: sa.Engine, tmp_path: Path, where: str
) -> None:
    def fail(connection: sa.Connection) -> None:
        migrate(connection)
        raise ZeroDivisionError

    failing = "__import__('accounts_sql').migrate(op.get_bind()); 1 / 0"
    how: Any = {"before": fail} if where == "env.py" else {"in_revision": failing}
    host = make_host(tmp_path / "host", engine, **how)

    with pytest.raises(ZeroDivisionError):
        host.upgrade()

    on_its_own = where == "env.py" and engine.dialect.name == "sqlite"  # where Alembic opens none in env.py
    assert is_current(engine) == on_its_own
    assert on_its_own or names_in(engine) <= {"alembic_version"}


def test_a_revision_that_is_printed_is_told_how_to_print_the_accounts(engine: sa.Engine, tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", engine, in_revision="__import__('accounts_sql').migrate(op.get_bind())")

    with pytest.raises(ConfigurationError, match=r"accounts_sql\.migration_sql") as raised:
        host.printed()
    assert "is_offline_mode()" in str(raised.value)


def test_both_histories_go_up_and_down_in_any_order(engine: sa.Engine, tmp_path: Path) -> None:
    host = make_host(tmp_path / "host", engine)
    up = (partial(migrate_on, engine, "head"), partial(host.upgrade, "heads"))
    down = (partial(migrate_on, engine, "base"), partial(host.downgrade, "base"))

    for go_up, go_back in product((up, up[::-1]), (down, down[::-1])):
        for migrate_one in go_up:
            migrate_one()
        assert is_current(engine)
        assert theirs(engine) == ["0002"]
        for migrate_one in go_back:
            migrate_one()
        assert names_in(engine) == {"alembic_version", "accounts_alembic_version"}


# ---- E3 and E4: nothing is proposed


PLACES = {"as it is": {}, "with a prefix": {"prefix": "auth_"}, "in a schema": {"schema": "auth"}}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_alembic_proposes_nothing_for_the_accounts(engine: sa.Engine, tmp_path: Path, place: dict[str, str]) -> None:
    """E3 and E4, with a foreign key from the host's models (E10)."""
    if "schema" in place and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no schemas")
    accounts = accounts_sql.tables_for(**place)
    models = make_models(accounts)
    with with_schemas(engine, *([place["schema"]] if "schema" in place else [])):
        in_schema: dict[str, Any] = {"include_schemas": True} if "schema" in place else {}
        own = make_host(
            tmp_path / "own",
            engine,
            before=lambda connection: migrate(connection, **place),
            refers_to=f"{accounts.users.fullname}.id",
            target_metadata=models,
            include_name=accounts.include_name,
            compare_server_default=True,
            **in_schema,
        )
        own.upgrade()
        both = make_host(
            tmp_path / "both",
            engine,
            target_metadata=[models, accounts.metadata_on(engine.dialect.name)],
            compare_server_default=True,
            **in_schema,
        )

        own.check()
        both.check()
        with pytest.raises(CommandError, match=r"remove_table|drop_table|remove_index"):
            make_host(tmp_path / "without", engine, target_metadata=models, **in_schema).check()


def test_the_defaults_are_exported_under_short_names(engine: sa.Engine, tmp_path: Path) -> None:
    models = make_models()
    migrate_and_upgrade = make_host(tmp_path / "host", engine, before=migrate)
    migrate_and_upgrade.upgrade()

    make_host(tmp_path / "own", engine, target_metadata=models, include_name=accounts_sql.include_name).check()
    if engine.dialect.name == "postgresql":
        make_host(tmp_path / "both", engine, target_metadata=[models, accounts_sql.metadata]).check()


def test_a_hosts_own_table_of_a_name_like_ours_is_still_compared(engine: sa.Engine, tmp_path: Path) -> None:
    """E7: the host owns `accounts_users`, and the accounts have a prefix."""
    accounts = accounts_sql.tables_for(prefix="auth_")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE accounts_users (id INTEGER PRIMARY KEY)"))
    make_host(tmp_path / "host", engine, before=lambda connection: migrate(connection, prefix="auth_")).upgrade()

    with pytest.raises(CommandError, match=r"accounts_users") as raised:
        make_host(tmp_path / "own", engine, target_metadata=make_models(), include_name=accounts.include_name).check()
    assert "auth_" not in str(raised.value)


# ---- E5: a second version location


def test_the_hosts_command_runs_our_revisions_and_migrate_agrees(engine: sa.Engine, tmp_path: Path) -> None:
    conventions = {"ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "primary_%(table_name)s"}
    host = make_host(
        tmp_path / "host",
        engine,
        locations=(OURS,),
        refers_to="accounts_users.id",
        target_metadata=sa.MetaData(naming_convention=conventions),
    )

    host.upgrade("accounts_0009")
    assert theirs(engine) == ["accounts_0009"]
    assert (current_revision(engine), is_current(engine)) == ("0009", False)
    host.upgrade()

    assert theirs(engine) == ["0002", OUR_HEAD]
    assert (current_revision(engine), is_current(engine)) == (head_revision(), True)
    migrate_on(engine, "head")
    with a_store(engine) as store:
        run_sync(keep(store, a_user()))
    host.downgrade("shop@base")
    host.downgrade("accounts@base")
    assert names_in(engine) == {"alembic_version", "accounts_alembic_version"}
    assert (current_revision(engine), theirs(engine)) == (None, [])


def test_what_migrate_did_is_not_done_again_by_the_hosts_command(engine: sa.Engine, tmp_path: Path) -> None:
    migrate_on(engine, "0010")
    host = make_host(tmp_path / "host", engine, locations=(OURS,))

    host.upgrade("accounts_0009")
    host.upgrade()

    assert is_current(engine)
    assert theirs(engine) == ["0002", OUR_HEAD]
    migrate_on(engine, "0008")
    host.downgrade("accounts_0009")
    assert (current_revision(engine), theirs(engine)) == ("0008", ["0002", "accounts_0009"])
    host.upgrade("accounts_0010")
    assert (current_revision(engine), theirs(engine)) == ("0010", ["0002", "accounts_0010"])
    migrate_on(engine, "head")
    host.downgrade("accounts_0009")
    assert (current_revision(engine), theirs(engine)) == ("0009", ["0002", "accounts_0009"])


def test_the_hosts_command_prints_our_revisions(engine: sa.Engine, tmp_path: Path) -> None:
    printed = make_host(tmp_path / "host", engine, locations=(OURS,)).printed()
    statements = [each.strip() for each in re.sub(r"^--.*$", "", printed, flags=re.MULTILINE).split(";\n")]

    with engine.begin() as connection:
        for statement in statements:
            if statement not in {"", "BEGIN", "COMMIT"}:
                connection.exec_driver_sql(statement)

    assert is_current(engine)
    assert theirs(engine) == ["0002", OUR_HEAD]
    assert "orders" in names_in(engine)
    with pytest.raises(ConfigurationError, match="accounts migrate --sql"):
        make_host(tmp_path / "placed", engine, locations=(OURS,), accounts_prefix="auth_").printed()
    with pytest.raises(ConfigurationError, match="Revision 0009 reads rows"):
        make_host(tmp_path / "later", engine, locations=(OURS,)).printed("accounts_0008:accounts_0009")


@pytest.mark.parametrize("place", [{"prefix": "auth_"}, {"schema": "auth"}], ids=["with a prefix", "in a schema"])
def test_the_hosts_command_can_be_told_where_the_tables_are(
    engine: sa.Engine, tmp_path: Path, place: dict[str, str]
) -> None:
    if "schema" in place and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no schemas")
    with with_schemas(engine, *([place["schema"]] if "schema" in place else [])):
        told: dict[str, Any] = {f"accounts_{name}": value for name, value in place.items()}
        make_host(tmp_path / "host", engine, locations=(OURS,), **told).upgrade()

        assert is_current(engine, **place)
        assert current_revision(engine) is None
        assert {name for name in names_in(engine) if name.startswith("accounts_")} == set()


def migrate_on(engine: sa.Engine, revision: str) -> None:
    with engine.begin() as connection:
        migrate(connection, revision)


@contextmanager
def a_store(engine: sa.Engine) -> Iterator[SqlStore]:
    """Return a store on an engine of ours on the same database: it needs SQLite's foreign keys."""
    ours = accounts_sql.create_engine(engine.url)
    yield SqlStore(ours)
    ours.dispose()
