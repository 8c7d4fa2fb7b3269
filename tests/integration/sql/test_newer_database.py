"""A database that a later release migrated (E6)."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations

from accounts_core.errors import ConfigurationError
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine, current_revision, database_status, head_revision, is_current, migrate
from accounts_sql.migrations.history import History, Revision
from accounts_sql.migrations.released import RELEASED
from accounts_sql.migrations.running import Migration
from accounts_sql.migrations.steps import downgrades_from, upgrades_to
from accounts_sql.tables.location import Location

HEAD = head_revision()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/new.db"
    engine = create_engine(url)
    yield engine
    engine.dispose()


def a_revision(number: str, before: str, served_from: str | None) -> Revision:
    """Return a revision that a later release may have: it adds a column."""

    @upgrades_to(f"accounts_{number}")
    def upgrade(op: Operations) -> None:
        op.add_column("accounts_teams", sa.Column(f"added_{number}", sa.Text))

    @downgrades_from(f"accounts_{number}")
    def downgrade(op: Operations) -> None:
        op.drop_column("accounts_teams", f"added_{number}")

    return Revision(number, before, served_from, (), upgrade, downgrade)


ADDITIVE, INCOMPATIBLE, AFTER = "9001", "9002", "9003"
LATER = History(
    (
        *RELEASED.revisions,
        a_revision(ADDITIVE, HEAD, HEAD),
        a_revision(INCOMPATIBLE, ADDITIVE, None),
        a_revision(AFTER, INCOMPATIBLE, INCOMPATIBLE),
    )
)


def migrate_by_the_later_release(engine: sa.Engine, revision: str = "head") -> None:
    Migration(revision, Location(), LATER).on_engine(engine)


def test_an_additively_newer_database_is_served_and_left_alone(
    engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    migrate_by_the_later_release(engine, ADDITIVE)

    assert is_current(engine)
    status = database_status(engine)
    assert (status.revision, status.served_from, status.head, status.is_newer) == (ADDITIVE, HEAD, HEAD, True)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        migrate(engine)
    assert caplog.messages == [
        f"The database is at revision {ADDITIVE} of a later release; this release knows {HEAD} and can serve it."
    ]
    assert current_revision(engine) == ADDITIVE
    run_sync(keep(SqlStore(engine), a_user()))


@pytest.mark.parametrize(("revision", "oldest"), [(INCOMPATIBLE, INCOMPATIBLE), (AFTER, INCOMPATIBLE)])
def test_an_incompatible_newer_database_is_refused_with_the_order_of_deployment(
    engine: sa.Engine, revision: str, oldest: str
) -> None:
    migrate_by_the_later_release(engine, revision)

    assert not is_current(engine)
    with pytest.raises(ConfigurationError) as raised:
        migrate(engine)
    assert str(raised.value) == (
        f"The database is at revision {revision} of a later release; this release knows {HEAD}, and only releases that"
        f" know {oldest} can serve it. To go on, deploy the later release everywhere. To go back, migrate to {HEAD}"
        f' with the later release (migrate(..., "{HEAD}")) once none of its processes runs, then deploy this release.'
    )
    assert current_revision(engine) == revision


def test_the_later_release_goes_back_and_the_earlier_one_serves_again(engine: sa.Engine) -> None:
    migrate_by_the_later_release(engine)
    migrate_by_the_later_release(engine, ADDITIVE)
    assert database_status(engine).served_from == HEAD
    assert is_current(engine)

    migrate_by_the_later_release(engine, HEAD)

    assert (current_revision(engine), is_current(engine), database_status(engine).is_newer) == (HEAD, True, False)


@pytest.mark.parametrize("revision", ["base", "0001"])
def test_a_newer_database_is_not_taken_back_by_a_release_that_does_not_know_it(
    engine: sa.Engine, revision: str
) -> None:
    migrate_by_the_later_release(engine, ADDITIVE)

    with pytest.raises(ConfigurationError) as raised:
        migrate(engine, revision)
    assert str(raised.value) == (
        f"The database is at revision {ADDITIVE} of a later release. Only that release can take it back to {revision}."
    )

    assert current_revision(engine) == ADDITIVE


def test_each_revision_says_which_code_can_serve_the_database() -> None:
    """What was once too new for a release stays so: `served_from` does not go down."""
    said = [each.served_from or each.number for each in RELEASED.revisions if each.number >= "0011"]

    assert said
    assert said == sorted(said)
    assert all(each.served_from is None for each in RELEASED.revisions if each.number < "0011")
    assert all((each.served_from or "") <= each.number for each in RELEASED.revisions)
