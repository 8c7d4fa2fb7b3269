import attrs
import pytest
from tests.unit.core.conftest import NOBODY, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import NotFound
from accounts_core.model import User
from accounts_core.model.policy import QuotaPolicy
from accounts_core.services.owned_data import PAGE
from accounts_memory.schema import State

BY_TABLE = {
    "users": "user",
    "sessions": "sessions",
    "payment_methods": "payment_methods",
    "verifications": "card_verifications",
    "notifications": "notifications",
    "teams": "accounts",
    "memberships": "accounts",
    "invitations": "invitations",
    "interactions": "interactions",
    "mail_tokens": "mailed_tokens",
    "devices": "devices",
    "idempotency_records": "repeatable_requests",
    "audit": "activity",
}
"""Where in an export the rows of a table are."""
NOT_ABOUT_A_USER = {"jobs", "provider_events", "sign_ups"}
"""Work under way, which names what is in other tables; the provider's events, which name customers; and sign-ups, which
may be a stranger's until a link is confirmed, and are deleted then."""


def test_there_is_no_table_about_users_that_an_export_leaves_out(accounts: Core, jane: User) -> None:
    assert {field.name for field in attrs.fields(State)} - NOT_ABOUT_A_USER == set(BY_TABLE)
    exported = set(accounts.export_personal_data(jane.id)) - {"repeatable_sign_ups"}  # of `idempotency` as well
    assert exported == set(BY_TABLE.values())


def test_an_export_reads_long_lists_to_their_end(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(quotas=QuotaPolicy(teams=PAGE + 1)))
    for number in range(PAGE + 1):
        accounts.create_team(jane.id, name=f"Team {number}")

    exported = accounts.export_personal_data(jane.id)

    assert len({team["team"]["id"] for team in exported["accounts"]}) == PAGE + 1
    assert len(exported["activity"]) > PAGE


def test_an_export_is_of_one_user_alone(accounts: Core, env: Environment, jane: User, john: User) -> None:
    accounts.sign_in(email="john@example.org", password=PASSWORD)
    accounts.create_team(john.id, name="Johns")

    exported = accounts.export_personal_data(jane.id)

    assert (exported["accounts"], exported["sessions"], exported["devices"]) == ([], [], [])
    assert {entry["user_id"] for entry in exported["activity"]} == {jane.id}


def test_there_is_nothing_to_export_of_nobody(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.export_personal_data(NOBODY)
