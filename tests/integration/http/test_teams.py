"""Teams, which the user API calls accounts."""

import pytest
from tests.integration.http.client import Client, invalid, problem
from tests.integration.http.service import Service

ACCOUNTS = "/api/v1/accounts"
INVITATIONS = "/api/v1/user/invitations"


@pytest.fixture
def john(api: Client, service: Service) -> Client:
    john = api.sign_up("john@example.org", "John Smith")
    service.verify_email("john@example.org")
    return john


@pytest.fixture
def jane(api: Client, service: Service) -> Client:
    jane = api.sign_up()
    service.verify_email("jane@example.org")
    return jane


@pytest.fixture
def team(john: Client, jane: Client) -> int:
    """A team of John's in which Jane is a member."""
    team: int = john.post(ACCOUNTS, json={"name": "Dev team"}).json()["data"]["id"]
    john.post(f"{ACCOUNTS}/{team}/invitations", json={"email": "jane@example.org"})
    (invitation,) = jane.get(INVITATIONS).json()["data"]
    assert jane.post(f"{INVITATIONS}/{invitation['id']}/accept").status_code == 204
    return team


@pytest.mark.parametrize("media", ["json", "form"])
def test_who_founds_a_team_owns_it(john: Client, media: str) -> None:
    answer = john.post(ACCOUNTS, **{media: {"name": "Dev team"}})

    assert answer.status_code == 201
    team = answer.json()["data"]
    assert list(team) == ["id", "name", "role", "created_at"]
    assert (team["name"], team["role"], team["created_at"]) == ("Dev team", "owner", "2023-11-06T08:30:09+00:00")
    assert john.get(f"{ACCOUNTS}/{team['id']}").json() == {"data": team}
    assert john.get(ACCOUNTS).json() == {"data": [team]}


def test_a_strangers_team_is_not_there(api: Client, team: int) -> None:
    stranger = api.sign_up("mallory@example.org", "Mallory")

    for method, path, body in [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("DELETE", "/members/1", None),
        ("PUT", "/owner", {"user_id": 1}),
        ("POST", "/invitations", {"email": "eve@example.org"}),
        ("GET", "/interactions", None),
        ("POST", "/interactions", {"body": "hello"}),
    ]:
        problem(stranger.call(method, f"{ACCOUNTS}/{team}{path}", json=body), 404, "not-found")
    assert stranger.get(ACCOUNTS).json() == {"data": []}


def test_an_invitation_is_seen_at_the_verified_address_alone(api: Client, john: Client, service: Service) -> None:
    team = john.post(ACCOUNTS, json={"name": "Dev team"}).json()["data"]["id"]

    known = john.post(f"{ACCOUNTS}/{team}/invitations", json={"email": "jane@example.org"})
    unknown = john.post(f"{ACCOUNTS}/{team}/invitations", json={"email": "nobody@example.org"})

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")
    jane = api.sign_up()
    assert jane.get(INVITATIONS).json() == {"data": []}
    assert jane.get("/api/users/current/notifications").json() == []

    service.verify_email("jane@example.org")

    (invitation,) = jane.get(INVITATIONS).json()["data"]
    assert list(invitation) == ["id", "account", "invited_by", "created_at"]
    assert invitation["account"] == {"id": team, "name": "Dev team"}
    assert invitation["invited_by"] == {"id": john.user["id"], "name": "John Smith"}
    assert jane.get("/api/users/current/notifications").json()[0]["message"] == "You invited to join Dev team."


def test_an_invitation_is_answered_once(jane: Client, john: Client) -> None:
    team = john.post(ACCOUNTS, json={"name": "Dev team"}).json()["data"]["id"]
    john.post(f"{ACCOUNTS}/{team}/invitations", form={"email": "jane@example.org"})
    (invitation,) = jane.get(INVITATIONS).json()["data"]

    problem(john.post(f"{INVITATIONS}/{invitation['id']}/accept"), 404, "not-found")
    answer = jane.post(f"{INVITATIONS}/{invitation['id']}/decline")

    assert (answer.status_code, answer.content) == (204, b"")
    problem(jane.post(f"{INVITATIONS}/{invitation['id']}/accept"), 404, "not-found")
    assert jane.get(INVITATIONS).json() == {"data": []}
    assert jane.get(ACCOUNTS).json() == {"data": []}


def test_members_are_listed_with_their_roles(jane: Client, john: Client, team: int) -> None:
    members = jane.get(f"{ACCOUNTS}/{team}/members").json()["data"]

    newest_first = sorted(members, key=lambda member: int(member["id"]), reverse=True)
    assert members == newest_first
    assert sorted(members, key=lambda member: str(member["name"])) == [
        {"id": jane.user["id"], "name": "Jane Doe", "role": "member"},
        {"id": john.user["id"], "name": "John Smith", "role": "owner"},
    ]


def test_a_member_may_not_do_what_is_the_owners(jane: Client, john: Client, team: int) -> None:
    owner, member = john.user["id"], jane.user["id"]

    problem(jane.delete(f"{ACCOUNTS}/{team}"), 403, "not-allowed")
    problem(jane.put(f"{ACCOUNTS}/{team}/owner", json={"user_id": member}), 403, "not-allowed")
    problem(jane.delete(f"{ACCOUNTS}/{team}/members/{owner}"), 403, "not-allowed")
    problem(jane.post(f"{ACCOUNTS}/{team}/invitations", json={"email": "eve@example.org"}), 403, "not-allowed")
    problem(john.delete(f"{ACCOUNTS}/{team}/members/{owner}"), 403, "not-allowed")


def test_a_member_leaves_and_what_they_wrote_stays(jane: Client, john: Client, team: int) -> None:
    jane.post(f"{ACCOUNTS}/{team}/interactions", json={"body": "Bye."})

    assert jane.delete(f"{ACCOUNTS}/{team}/members/{jane.user['id']}").status_code == 204

    problem(jane.get(f"{ACCOUNTS}/{team}"), 404, "not-found")
    (left,) = john.get(f"{ACCOUNTS}/{team}/interactions").json()["data"]
    assert left["author"] == {"id": jane.user["id"], "name": "Jane Doe"}


def test_the_owner_removes_a_member_once(jane: Client, john: Client, team: int) -> None:
    path = f"{ACCOUNTS}/{team}/members/{jane.user['id']}"

    assert john.delete(path).status_code == 204
    problem(john.delete(path), 404, "not-found")


@pytest.mark.parametrize("media", ["json", "form"])
def test_the_owner_hands_the_team_over(jane: Client, john: Client, team: int, media: str) -> None:
    user_id = jane.user["id"]

    answer = john.put(f"{ACCOUNTS}/{team}/owner", **{media: {"user_id": user_id if media == "json" else str(user_id)}})

    assert (answer.status_code, answer.content) == (204, b"")
    assert jane.get(f"{ACCOUNTS}/{team}").json()["data"]["role"] == "owner"
    assert john.get(f"{ACCOUNTS}/{team}").json()["data"]["role"] == "member"


def test_only_a_member_can_become_the_owner(john: Client, team: int) -> None:
    invalid(john.put(f"{ACCOUNTS}/{team}/owner", json={"user_id": 2**62}), "user_id")
    invalid(john.put(f"{ACCOUNTS}/{team}/owner", json={"user_id": 2**63}), "user_id")


def test_interactions_are_written_and_listed_newest_first(
    jane: Client, john: Client, team: int, service: Service
) -> None:
    first = john.post(f"{ACCOUNTS}/{team}/interactions", json={"body": "One\nline and another"})
    service.clock.pass_by(seconds=1)
    second = jane.post(f"{ACCOUNTS}/{team}/interactions", form={"body": "An answer & more = 100% ü"})

    assert (first.status_code, second.status_code) == (201, 201)
    written = [second.json()["data"], first.json()["data"]]
    assert [list(item) for item in written] == [["id", "body", "author", "created_at"]] * 2
    assert written[0]["body"] == "An answer & more = 100% ü"
    assert written[0]["author"] == {"id": jane.user["id"], "name": "Jane Doe"}
    assert written[0]["created_at"] == "2023-11-06T08:30:10+00:00"
    assert john.get(f"{ACCOUNTS}/{team}/interactions").json() == {"data": written}


def test_lists_come_in_pages(john: Client, service: Service) -> None:
    teams = [john.post(ACCOUNTS, json={"name": f"Team {n}"}).json()["data"]["id"] for n in range(5)]

    first = john.get(ACCOUNTS, params={"limit": 2}).json()["data"]
    rest = john.get(ACCOUNTS, params={"limit": 200, "before": first[-1]["id"]}).json()["data"]

    assert [team["id"] for team in first + rest] == teams[::-1]
    assert john.get(ACCOUNTS, params={"before": teams[0], "unknown": "ignored"}).json() == {"data": []}
    invalid(john.get(ACCOUNTS, params={"before": 2**62}), "before")

    for n in range(3):
        service.clock.pass_by(seconds=1)
        john.post(f"{ACCOUNTS}/{teams[0]}/interactions", json={"body": str(n)})
    page = john.get(f"{ACCOUNTS}/{teams[0]}/interactions", params={"limit": 1}).json()["data"]
    rest = john.get(f"{ACCOUNTS}/{teams[0]}/interactions", params={"before": page[0]["id"]}).json()["data"]
    assert [item["body"] for item in page + rest] == ["2", "1", "0"]


def test_the_owner_deletes_the_team(jane: Client, john: Client, team: int) -> None:
    answer = john.delete(f"{ACCOUNTS}/{team}")

    assert (answer.status_code, answer.content) == (204, b"")
    problem(john.get(f"{ACCOUNTS}/{team}"), 404, "not-found")
    assert jane.get(ACCOUNTS).json() == {"data": []}
