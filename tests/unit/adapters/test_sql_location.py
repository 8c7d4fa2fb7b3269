"""Which prefixes the tables may have, and what of a statement is renamed (E7)."""

from typing import Literal

import pytest
import sqlalchemy as sa

from accounts_core.errors import ConfigurationError
from accounts_sql import tables_for
from accounts_sql.tables import metadata, sqlite_metadata
from accounts_sql.tables.location import MAX_PREFIX_LENGTH, Location

AUTH = Location(prefix="auth_")
LONGEST_NAME = 63


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "_",
        "a",
        "auth",
        "Auth_",
        "1_",
        "a-b_",
        'a"_',
        "ä_",
        "pg_",
        "sqlite_x_",
        "accounts_2_",
        "a" * MAX_PREFIX_LENGTH + "_",
    ],
)
def test_a_prefix_that_databases_would_read_differently_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="prefix"):
        Location(prefix=prefix)


@pytest.mark.parametrize("prefix", ["a_", "auth_", "a" * (MAX_PREFIX_LENGTH - 1) + "_"])
def test_other_prefixes_are_taken(prefix: str) -> None:
    assert Location(prefix=prefix).rename("accounts_users") == f"{prefix}users"


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("SELECT accounts_users.id FROM accounts_users", "SELECT auth_users.id FROM auth_users"),
        ("SELECT nextval('accounts_user_ids')", "SELECT nextval('auth_user_ids')"),
        ('"Members".accounts_users', '"Members".auth_users'),
        ("CONSTRAINT fk_accounts_sessions_user_id", "CONSTRAINT fk_auth_sessions_user_id"),
        ("my_accounts_users, accounts_, accounts", "my_accounts_users, accounts_, accounts"),
    ],
)
def test_names_are_renamed_wherever_they_stand(text: str, renamed: str) -> None:
    assert AUTH.rename(text) == renamed
    assert Location().rename(text) is text


@pytest.mark.parametrize(
    ("name", "type_", "schema", "ours"),
    [
        ("auth_users", "table", "auth", True),
        ("auth_counters", "table", "auth", True),
        ("auth_alembic_version", "table", "auth", True),
        ("auth_users", "table", None, False),
        ("auth_users", "index", "auth", False),
        ("auth_orders", "table", "auth", False),
        ("accounts_users", "table", "auth", False),
        (None, "schema", None, False),
    ],
)
def test_alembic_leaves_out_our_tables_only(
    name: str | None, type_: Literal["table", "index", "schema"], schema: str | None, ours: bool
) -> None:
    included = tables_for(schema="auth", prefix="auth_").include_name(name, type_, {"schema_name": schema})

    assert included is not ours


def test_alembic_names_no_schema_for_public() -> None:
    assert tables_for(schema="public").include_name("accounts_users", "table", {"schema_name": None}) is False
    assert tables_for(schema="public").include_name("accounts_users", "table", {"schema_name": "shop"}) is True


def test_no_name_is_longer_than_postgresql_keeps_with_the_longest_prefix() -> None:
    longest = Location(prefix="a" * (MAX_PREFIX_LENGTH - 1) + "_")
    names = {str(each.name) for one in (metadata, sqlite_metadata) for each in _named(one)}

    assert len(names) > 80
    assert max(len(longest.rename(name)) for name in names) <= LONGEST_NAME
    assert all(longest.rename(name) != name for name in names)


def _named(tables: sa.MetaData) -> list[sa.Table | sa.Index | sa.Constraint]:
    found: list[sa.Table | sa.Index | sa.Constraint] = []
    for table in tables.tables.values():
        found += [table, *table.indexes, *table.constraints]
    return found
