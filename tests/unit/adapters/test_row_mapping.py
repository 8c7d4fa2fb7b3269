"""Rows and aggregates: what a mapping refuses when it is made, and that it leaves no column out."""

import attrs
import pytest
import sqlalchemy as sa

from accounts_core.model.notification import Notification
from accounts_sql.repositories.idempotency import _RECORD
from accounts_sql.repositories.mail_tokens import _TOKEN
from accounts_sql.repositories.sign_ups import _SIGN_UP
from accounts_sql.statements.card_rows import CARD
from accounts_sql.statements.mapping import RowMapping, Stored
from accounts_sql.statements.rows import JOB, NOTIFICATION, SESSION, USER, VERIFICATION
from accounts_sql.statements.team_rows import INTERACTION, INVITATION, MEMBERSHIP, TEAM
from accounts_sql.tables import notifications

MAPPINGS = [
    *(USER, SESSION, VERIFICATION, NOTIFICATION, JOB, CARD, TEAM, MEMBERSHIP, INVITATION, INTERACTION),
    *(_SIGN_UP, _TOKEN, _RECORD),
]


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: next(iter(mapping)).table.name)
def test_a_mapping_reads_and_writes_each_column_of_its_table_once(mapping: RowMapping[object]) -> None:
    columns = list(mapping)

    assert len(columns) == len(mapping) == len({column.name for column in columns})
    assert {column.name for column in columns} == {column.name for column in columns[0].table.columns}


def test_an_attribute_without_a_column_is_refused() -> None:
    @attrs.frozen(kw_only=True)
    class Starred(Notification):
        is_starred: bool = False

    with pytest.raises(TypeError, match=r"^accounts_notifications has no column is_starred\.$"):
        RowMapping(Starred, notifications)


def test_a_column_for_an_unknown_attribute_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Notification has no attribute seen_at\.$"):
        RowMapping(Notification, notifications, seen_at=Stored(column="read_at"))


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: next(iter(mapping)).table.name)
def test_flags_that_sqlite_has_as_numbers_are_read_as_booleans(mapping: RowMapping[object]) -> None:
    """0 equals False, so no comparison of aggregates shows it; an export does."""
    columns = list(mapping)
    flags = [place for place, column in enumerate(columns) if isinstance(column.type, sa.Boolean)]
    converted = {place: read for place, _, read in mapping._readers}

    assert {converted.get(place) for place in flags} <= {bool}
