"""The table "Who may do what" of `docs/security/rules.md`, cell by cell, for every call that names a team.

The calls are read from the OpenAPI document, so a new one has to be told here whom it is for.
"""

import re
from typing import Any, Final

import attrs
import pytest
from tests.integration.http.client import Client, problem
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import Service

TEAMS: Final = "/api/v1/accounts"
INVITATIONS: Final = "/api/v1/user/invitations"

ANY_MEMBER: Final = {
    "getAccount",
    "listMembers",
    "listInteractions",
    "writeInteraction",
}
ONLY_OWNER: Final = {
    "renameAccount",
    "deleteAccount",
    "handOverAccount",
    "removeMember",
    "invite",
    "listAccountInvitations",
    "resendInvitation",
    "revokeInvitation",
}
OF_TEAMS: Final = [each for each in operations() if each.path.startswith(TEAMS + "/{id}")]


@attrs.frozen(kw_only=True)
class Teams:
    """John owns a team with Jane and Mary in it and Eve invited; Mallory has one of her own, with the same."""

    service: Service
    john: Client
    jane: Client
    mary: Client
    mallory: Client
    team: int
    invitation: str
    other_team: int
    other_invitation: str

    def ask(self, who: Client, operation: Operation, **ids: object) -> Any:
        """Make the call as it is done right, with these ids in its path."""
        names = {"id": self.team, "user_id": self.mary.user["id"], "invitation_id": self.invitation, **ids}
        path = re.sub(r"{(\w+)}", lambda place: str(names[place[1]]), operation.path)
        body = operation.good_body() | ({"user_id": self.mary.user["id"]} if "user_id" in operation.fields else {})
        return who.call(operation.method, path, **({"json": body} if operation.takes_body else {}))


def signed_up(service: Service, name: str) -> Client:
    client = service.api.sign_up(f"{name.lower()}@example.org", name)
    service.verify_email(f"{name.lower()}@example.org")
    return client


def founded(owner: Client, *members: Client) -> tuple[int, str]:
    team = owner.post(TEAMS, json={"name": "Dev team"}).json()["data"]["id"]
    for member in members:
        assert owner.post(f"{TEAMS}/{team}/invitations", json={"email": member.user["email"]}).status_code == 202
        (open_one,) = member.get(INVITATIONS).json()["data"]
        assert member.post(f"{INVITATIONS}/{open_one['id']}/accept").status_code == 204
    owner.post(f"{TEAMS}/{team}/invitations", json={"email": "eve@example.org"})
    (sent,) = owner.get(f"{TEAMS}/{team}/invitations").json()["data"]
    return team, sent["id"]


@pytest.fixture
def teams(service: Service) -> Teams:
    john, jane, mary, mallory = (signed_up(service, name) for name in ("John", "Jane", "Mary", "Mallory"))
    team, invitation = founded(john, jane, mary)
    other_team, other_invitation = founded(mallory)
    return Teams(
        service=service,
        john=john,
        jane=jane,
        mary=mary,
        mallory=mallory,
        team=team,
        invitation=invitation,
        other_team=other_team,
        other_invitation=other_invitation,
    )


def test_every_call_that_names_a_team_is_somebodys() -> None:
    assert {operation.spec["operationId"] for operation in OF_TEAMS} == ANY_MEMBER | ONLY_OWNER
    assert not ANY_MEMBER & ONLY_OWNER


@pytest.mark.parametrize("operation", OF_TEAMS, ids=str)
def test_each_call_is_for_whom_the_rules_say(teams: Teams, operation: Operation) -> None:
    """ASVS 5.0, 8.2.1 and 8.3.1: whoever is refused changes nothing, and the owner is let in."""
    before = teams.service.dump()
    problem(teams.ask(attrs.evolve(teams.john, token=None), operation), 401, "token-required")
    problem(teams.ask(teams.mallory, operation), 404, "not-found")
    if operation.spec["operationId"] in ONLY_OWNER:
        problem(teams.ask(teams.jane, operation), 403, "not-allowed")
        assert teams.service.dump() == before
        allowed = teams.ask(teams.john, operation)
    else:
        assert teams.service.dump() == before
        allowed = teams.ask(teams.jane, operation)

    assert allowed.status_code < 300, allowed.text


@pytest.mark.parametrize("operation", [each for each in OF_TEAMS if each.path.count("{") == 2], ids=str)
def test_nothing_is_reached_by_way_of_a_team_of_ones_own(teams: Teams, operation: Operation) -> None:
    """ASVS 5.0, 8.2.2: the first id is Mallory's, the second is another team's."""
    before = teams.service.dump()

    problem(teams.ask(teams.mallory, operation, id=teams.other_team), 404, "not-found")

    assert teams.service.dump() == before


def test_what_somebody_may_changes_with_the_next_call(teams: Teams) -> None:
    """ASVS 5.0, 8.3.2: removed, handed over, invited to and revoked; every token stays the same."""
    path = f"{TEAMS}/{teams.team}"
    jane = teams.jane.user["id"]
    assert teams.jane.get(path).json()["data"]["role"] == "member"

    assert teams.john.put(f"{path}/owner", json={"user_id": jane}).status_code < 300
    assert (teams.jane.get(path).json()["data"]["role"], teams.john.get(path).json()["data"]["role"]) == (
        "owner",
        "member",
    )
    problem(teams.john.delete(path), 403, "not-allowed")

    assert teams.jane.delete(f"{path}/members/{teams.john.user['id']}").status_code == 204
    for operation in OF_TEAMS:
        problem(teams.ask(teams.john, operation), 404, "not-found")

    assert teams.mary.delete(f"{path}/members/{teams.mary.user['id']}").status_code == 204
    problem(teams.mary.post(f"{path}/interactions", json={"body": "Hello."}), 404, "not-found")


def test_an_invitation_that_was_revoked_lets_nobody_in(teams: Teams) -> None:
    """ASVS 5.0, 8.3.2."""
    eve = signed_up(teams.service, "Eve")
    path = f"{TEAMS}/{teams.team}/invitations"
    theirs = {each["account"]["id"]: each["id"] for each in eve.get(INVITATIONS).json()["data"]}
    assert set(theirs) == {teams.team, teams.other_team}

    assert teams.john.delete(f"{path}/{teams.invitation}").status_code == 204

    problem(eve.post(f"{INVITATIONS}/{theirs[teams.team]}/accept"), 404, "not-found")
    problem(eve.get(f"{TEAMS}/{teams.team}"), 404, "not-found")
    assert eve.post(f"{INVITATIONS}/{theirs[teams.other_team]}/accept").status_code == 204


READS: Final = [each for each in operations() if each.method == "GET" and each.needs_token]


@pytest.mark.parametrize("operation", READS, ids=str)
def test_a_member_is_shown_nobody_elses_address(teams: Teams, operation: Operation) -> None:
    """ASVS 5.0, 8.2.3, 14.2.6 and 15.3.1: people in a team are a name and an id to each other."""
    teams.john.post(f"{TEAMS}/{teams.team}/interactions", json={"body": "Hello."})

    answer = teams.ask(teams.jane, operation)

    assert answer.status_code == (403 if operation.spec["operationId"] in ONLY_OWNER else 200) or (
        operation.spec["operationId"] == "retrieveCustomer"
    )
    assert set(re.findall(r"\w+@example\.org", answer.text)) <= {"jane@example.org"}
