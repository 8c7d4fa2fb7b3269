"""A18: where the address of a deleted person could stay, because somebody else typed it."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.model import User
from accounts_core.model.jobs import SecurityMailJob

GONE = "john@example.org"


def texts(value: object) -> Iterator[str]:
    """Yield every text in a value."""
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("latin-1")
        case Mapping():
            for name, each in value.items():
                yield from (*texts(name), *texts(each))
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from texts(each)
        case _ if attrs.has(type(value)):
            for field in attrs.fields(cast("Any", type(value))):
                yield from texts(getattr(value, field.name))
        case _:
            yield str(value)


def tables_with(env: Environment, address: str) -> set[str]:
    """Return the tables in which the address stands, in any case."""
    state = env.store._state
    return {
        field.name
        for field in attrs.fields(type(state))
        for row in getattr(state, field.name).rows.values()
        if any(address in text.lower() for text in texts(row))
    }


@pytest.mark.parametrize("is_private", [False, True])
def test_a18_a_deleted_persons_address_is_nowhere_in_the_store(
    env: Environment, jane: User, john: User, is_private: bool
) -> None:
    accounts = env.accounts(Policy(private_registration=is_private))
    for user in (jane, john):
        accounts.mark_email_verified(user.id)
    joined, open_, revoked, declined, waiting = (
        accounts.create_team(jane.id, name=f"Team {n}").team.id for n in range(5)
    )
    for team, email in ((joined, GONE), (revoked, "JOHN@example.org"), (declined, "John@Example.org")):
        accounts.invite_to_team(jane.id, team, email=email)
    accounts.run_due()
    for view in accounts.list_invitations(john.id):
        if view.invitation.team_id == joined:
            accounts.accept_invitation(john.id, view.invitation.id)
        elif view.invitation.team_id == declined:
            accounts.decline_invitation(john.id, view.invitation.id)
        else:
            accounts.resend_invitation(jane.id, revoked, view.invitation.id)
            accounts.revoke_invitation(jane.id, revoked, view.invitation.id)
    accounts.run_due()
    accounts.invite_to_team(jane.id, open_, email=GONE)
    accounts.run_due()
    accounts.invite_to_team(jane.id, waiting, email=GONE)  # where registration is private, a job
    accounts.forgot_password(email="JOHN@example.org")
    before = tables_with(env, GONE)
    assert {"audit", "users", "jobs", "invitations"} <= before

    accounts.delete_user(john.id, password=PASSWORD)

    assert tables_with(env, GONE) == set()
    assert GONE not in str(accounts.export_personal_data(jane.id)).lower()
    entries = [entry for entry in accounts.list_activity(user_id=jane.id, limit=99) if "invit" in entry.action]
    assert {"invited", "invitation_resent", "invitation_revoked"} <= {entry.action for entry in entries}
    assert all(set(entry.details) == {"team_id"} for entry in entries)


def test_a18_the_address_of_somebody_else_stays(env: Environment, accounts: Core, jane: User, john: User) -> None:
    for user in (jane, john):
        accounts.mark_email_verified(user.id)
    team = accounts.create_team(jane.id, name="Team").team.id
    accounts.invite_to_team(jane.id, team, email="mary@example.org")

    accounts.delete_user(john.id, password=PASSWORD)

    (entry,) = [each for each in accounts.list_activity(user_id=jane.id, limit=99) if each.action == "invited"]
    assert entry.details == {"team_id": team, "email": "mary@example.org"}
    assert [each.invitation.email.address for each in accounts.list_team_invitations(jane.id, team)] == [
        "mary@example.org"
    ]


def test_a18_whoever_merely_typed_an_address_takes_nothing_of_it_along(
    env: Environment, accounts: Core, jane: User
) -> None:
    """Else a sign-up with somebody's address, and its deletion, would wipe traces of who invited that person."""
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Team").team.id
    accounts.invite_to_team(jane.id, team, email="mary@example.org")
    impostor = accounts.register(email="mary@example.org", password=PASSWORD, name="Mallory")

    accounts.delete_user(impostor.id, password=PASSWORD)

    (entry,) = [each for each in accounts.list_activity(user_id=jane.id, limit=99) if each.action == "invited"]
    assert entry.details["email"] == "mary@example.org"
    assert len(accounts.list_team_invitations(jane.id, team)) == 1


def test_a18_what_the_person_is_still_to_be_told_is_delivered(env: Environment, accounts: Core, john: User) -> None:
    """Whoever stole the account and deletes it does not keep its owner from hearing that the password changed."""
    accounts.mark_email_verified(john.id)
    accounts.update_profile(john.id, new_password="an entirely different one", current_password=PASSWORD)

    accounts.delete_user(john.id, password="an entirely different one")

    assert [job.topic for job in env.store._state.jobs.rows.values() if "to" in job.payload] == [SecurityMailJob.topic]
