"""Each revision, with rows in every table: nothing is lost on the way to the newest, nor on the way back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from tests.integration.sql.release_before.database import TABLES, read_value

from accounts_sql import create_engine, is_current, migrate
from accounts_sql.migrations.released import RELEASED
from accounts_sql.tables import metadata, sqlite_metadata

REVISIONS: Final = [each.number for each in RELEASED.revisions]

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/old.db"
    engine = create_engine(url)
    yield engine
    engine.dispose()


def tables_of(engine: sa.Engine) -> list[sa.Table]:
    """Return the tables that are there, each with the columns that are there, those that others refer to first."""
    names = set(sa.inspect(engine).get_table_names())
    ours = [*metadata.sorted_tables, *(sqlite_metadata.sorted_tables if engine.name == "sqlite" else [])]
    return [sa.Table(each.name, sa.MetaData(), autoload_with=engine) for each in ours if each.name in names]


def fill(engine: sa.Engine) -> None:
    """Insert the rows of the release before, without the columns that this revision does not have."""
    with engine.begin() as connection:
        for table in tables_of(engine):
            known = {column.name for column in table.columns}
            typed = {**metadata.tables, **sqlite_metadata.tables}[table.name]
            for row in TABLES[table.name]:
                values = {name: read_value(typed.c[name], row[name]) for name in row if name in known}
                connection.execute(typed.insert().values(values))


def read(engine: sa.Engine, columns: dict[str, list[str]] | None = None) -> Rows:
    """Return the rows of every table, or of some columns of some tables, as the driver returns them."""
    found: Rows = {}
    with engine.connect() as connection:
        for table in tables_of(engine):
            names = [column.name for column in table.columns] if columns is None else columns.get(table.name, [])
            if names:
                text = sa.text(f"SELECT {', '.join(names)} FROM {table.name}")
                rows = [dict(row) for row in connection.execute(text).mappings()]
                found[table.name] = sorted(rows, key=repr)
    return found


@pytest.mark.parametrize(
    "revision", [REVISIONS[0], *(pytest.param(each, marks=pytest.mark.long) for each in REVISIONS[1:])]
)
def test_the_rows_of_every_table_are_there_after_the_upgrade_and_after_going_back(
    engine: sa.Engine, revision: str
) -> None:
    migrate(engine, revision)
    fill(engine)
    before = read(engine)
    columns = {table: list(rows[0]) for table, rows in before.items() if rows}
    assert set(columns) == {table.name for table in tables_of(engine)}

    migrate(engine)

    assert is_current(engine)
    assert read(engine, columns) == before
    migrate(engine, revision)
    assert read(engine) == before


def test_the_rows_of_every_table_go_from_revision_to_revision(engine: sa.Engine) -> None:
    """One step at a time, each table filled when it is new."""
    migrate(engine, REVISIONS[-1])
    fill(engine)
    newest = read(engine)

    for revision in reversed(REVISIONS):
        migrate(engine, revision)
    oldest = read(engine)
    for revision in REVISIONS:
        migrate(engine, revision)

    assert {name: len(rows) for name, rows in oldest.items()} == {name: len(newest[name]) for name in oldest}
    assert read(engine, {name: list(rows[0]) for name, rows in oldest.items() if rows}) == oldest
