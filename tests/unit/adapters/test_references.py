"""E11: which foreign keys are the accounts' own, with whatever prefix of the tables."""

import pytest

from accounts_sql.connections.references import is_our_key, is_ours


@pytest.mark.parametrize(
    ("table", "parent", "expected"),
    [
        ("accounts_sessions", "accounts_users", True),
        ("shop_sessions", "shop_users", True),
        ("host_orders", "accounts_users", False),
        ("app_sessions", "accounts_users", False),
        ("accounts_orders", "accounts_users", False),
    ],
)
def test_a_table_is_ours_if_it_has_our_name_after_the_prefix_of_its_parent(
    table: str, parent: str, expected: bool
) -> None:
    assert is_ours(table, parent) is expected


@pytest.mark.parametrize(
    ("table", "constraint", "expected"),
    [
        ("accounts_teams", "fk_accounts_teams_owner_id", True),
        ("shop_teams", "fk_shop_teams_owner_id", True),
        ("host_orders", "orders_of_user", False),
        ("host_orders", "fk_host_orders_user_id", False),
        ("app_sessions", "fk_app_sessions_user_id_accounts_users", False),
    ],
)
def test_a_key_is_ours_if_it_has_our_name(table: str, constraint: str, expected: bool) -> None:
    assert is_our_key(table, constraint) is expected
