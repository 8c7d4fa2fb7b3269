"""What an operator finds in a new database, and how one ends what somebody else has begun."""

from pathlib import Path

import sqlalchemy as sa
from tests.integration.http.client import problem
from tests.integration.http.service import Service

from accounts_sql import create_engine, migrate

USER = "/api/v1/user"


def test_a_new_database_has_no_account_and_nothing_else_in_it(tmp_path: Path) -> None:
    """ASVS 5.0, 6.3.2: there is no default account, whatever the migrations leave behind."""
    engine = create_engine(f"sqlite:///{tmp_path}/accounts.db")
    migrate(engine)

    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        full = [
            name for name in tables if connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) != 0
        ]
    engine.dispose()

    assert "accounts_users" in tables
    assert [name for name in full if "version" not in name] == []


def test_all_sessions_of_one_user_end_at_once_and_nobody_elses(service: Service) -> None:
    """ASVS 5.0, 7.4.5: an operator ends them without closing the account."""
    here, there = service.api.sign_up(), service.api.sign_in("jane@example.org")
    john = service.api.sign_up("john@example.org", "John Smith")
    jane_id = service.run(service.accounts.find_user("jane@example.org")).id

    service.run(service.accounts.end_all_sessions(jane_id))

    for ended in (here, there):
        problem(ended.get(USER), 401, "invalid-token")
    assert john.get(USER).status_code == 200
    assert service.api.sign_in("jane@example.org").get(USER).status_code == 200
