"""F6 and A15 over HTTP: invitations that their owner lists, resends and revokes, and that end; and renamed accounts."""

from typing import Any

import pytest
from tests.integration.http.client import PASSWORD, Client, Run, invalid, problem
from tests.integration.http.service import Service, in_memory, serving

from accounts_core.ports.mailer import MailKind
from accounts_memory import MemoryRateLimiter

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
def team(john: Client) -> int:
    team: int = john.post(ACCOUNTS, json={"name": "Dev team"}).json()["data"]["id"]
    return team


def path(team: int, *more: str) -> str:
    return "/".join((f"{ACCOUNTS}/{team}/invitations", *more))


def invite(owner: Client, team: int, email: str = "jane@example.org") -> str:
    """Invite an address, and return the id of its invitation."""
    assert owner.post(path(team), json={"email": email}).status_code == 202
    sent = [each for each in owner.get(path(team)).json()["data"] if each["email"] == email]
    (invitation,) = sent
    assert isinstance(invitation["id"], str)
    return invitation["id"]


def mails(service: Service, email: str = "jane@example.org") -> int:
    service.work()
    delivered = service.mails.delivered
    return sum(each.to.address == email and each.kind is MailKind.INVITATION for each in delivered)


def test_f6_the_owner_lists_the_open_invitations(john: Client, team: int, service: Service) -> None:
    invite(john, team)
    service.clock.pass_by(seconds=1)
    newest = invite(john, team, "Mary@example.org")

    answer = john.get(path(team))

    assert answer.status_code == 200
    second, first = answer.json()["data"]
    assert second == {
        "id": newest,
        "email": "Mary@example.org",
        "invited_by": {"id": john.user["id"], "name": "John Smith"},
        "created_at": "2023-11-06T08:30:10+00:00",
        "expires_at": "2023-11-20T08:30:10+00:00",
    }
    assert first["email"] == "jane@example.org"
    page = john.get(path(team), params={"limit": 1}).json()["data"]
    rest = john.get(path(team), params={"limit": 1, "before": page[0]["id"]}).json()["data"]
    assert [*page, *rest] == [second, first]
    invalid(john.get(path(team), params={"limit": 201}), "limit")


@pytest.mark.parametrize("media", [{}, {"json": {}}, {"form": {}}], ids=["nothing", "json", "form"])
def test_f6_the_owner_resends_an_invitation(
    jane: Client, john: Client, team: int, service: Service, media: dict[str, Any]
) -> None:
    invitation = invite(john, team)
    service.clock.pass_by(days=3)

    answer = john.post(path(team, invitation, "resend"), **media)

    assert (answer.status_code, answer.content) == (202, b"")
    (sent,) = john.get(path(team)).json()["data"]
    assert (sent["created_at"], sent["expires_at"]) == ("2023-11-06T08:30:09+00:00", "2023-11-23T08:30:09+00:00")
    assert mails(service) == 2
    assert len(jane.get("/api/users/current/notifications").json()) == 1


def test_f6_a_flood_of_resends_is_refused_with_the_time_to_wait(run: Run) -> None:
    with serving(run, in_memory(), limits=MemoryRateLimiter()) as service:
        john = service.api.sign_up("john@example.org", "John Smith")
        service.verify_email("john@example.org")
        team = john.post(ACCOUNTS, json={"name": "Dev team"}).json()["data"]["id"]
        invitation = invite(john, team)

        answers = [john.post(path(team, invitation, "resend")) for _ in range(12)]

        assert [answer.status_code for answer in answers] == [202] * 9 + [429] * 3
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert john.post(path(team), json={"email": "jane@example.org"}).status_code == 202  # and sends nothing
        assert mails(service) == 10


def test_f6_the_owner_revokes_an_invitation(jane: Client, john: Client, team: int) -> None:
    invitation = invite(john, team)

    answer = john.delete(path(team, invitation))

    assert (answer.status_code, answer.content) == (204, b"")
    assert john.get(path(team)).json() == {"data": []}
    assert jane.get(INVITATIONS).json() == {"data": []}
    problem(jane.post(f"{INVITATIONS}/{invitation}/accept"), 404, "not-found")
    problem(john.delete(path(team, invitation)), 404, "not-found")
    problem(john.post(path(team, invitation, "resend")), 404, "not-found")


def test_f6_nobody_else_touches_an_invitation_nor_by_way_of_another_account(
    api: Client, jane: Client, john: Client, team: int, service: Service
) -> None:
    invitation = invite(john, team)
    jane.post(f"{INVITATIONS}/{invitation}/accept")
    invitation = invite(john, team, "guest@example.org")
    mallory = api.sign_up("mallory@example.org", "Mallory")
    others = mallory.post(ACCOUNTS, json={"name": "Another"}).json()["data"]["id"]
    before = service.dump()

    for who, there, status, name in [
        (jane, team, 403, "not-allowed"),
        (mallory, team, 404, "not-found"),
        (mallory, others, 404, "not-found"),
        (john, others, 404, "not-found"),
    ]:
        problem(who.post(path(there, invitation, "resend")), status, name)
        problem(who.delete(path(there, invitation)), status, name)
        if (who, there) != (mallory, others):
            problem(who.get(path(there)), status, name)
    for odd in ("nope", "%00", "inv_1%20", "x" * 300):
        problem(john.delete(path(team, odd)), 404, "not-found")
    assert api.get(path(team)).status_code == 401
    assert service.dump() == before


def test_f6_an_expired_invitation_is_over_for_both_sides(
    jane: Client, john: Client, team: int, service: Service
) -> None:
    invitation = invite(john, team)
    service.clock.pass_by(days=14)
    john, jane = john.sign_in("john@example.org"), jane.sign_in("jane@example.org")

    assert john.get(path(team)).json() == jane.get(INVITATIONS).json() == {"data": []}
    for answer in ("accept", "decline"):
        problem(jane.post(f"{INVITATIONS}/{invitation}/{answer}"), 404, "not-found")

    again = invite(john, team)
    assert again != invitation
    assert jane.post(f"{INVITATIONS}/{again}/accept").status_code == 204


def test_f6_the_owner_is_told_that_an_invitation_was_accepted(jane: Client, john: Client, team: int) -> None:
    jane.post(f"{INVITATIONS}/{invite(john, team)}/accept")

    (told,) = john.get("/api/users/current/notifications").json()

    assert told["messageType"] == "invitation_accepted"
    assert told["message"] == "Your invitation to join Dev team was accepted."


def test_a15_what_the_owner_before_sent_is_no_way_into_the_account(
    api: Client, jane: Client, john: Client, team: int, service: Service
) -> None:
    """The owner invites a friend, hands over and is removed; then the friend accepts."""
    friend = api.sign_up("friend@example.org", "Friend")
    service.verify_email("friend@example.org")
    jane.post(f"{INVITATIONS}/{invite(john, team)}/accept")
    invitation = invite(john, team, "friend@example.org")
    assert john.put(f"{ACCOUNTS}/{team}/owner", json={"user_id": jane.user["id"]}).status_code == 204
    assert jane.delete(f"{ACCOUNTS}/{team}/members/{john.user['id']}").status_code == 204

    problem(friend.post(f"{INVITATIONS}/{invitation}/accept"), 404, "not-found")
    assert friend.get(INVITATIONS).json() == jane.get(path(team)).json() == {"data": []}
    problem(friend.get(f"{ACCOUNTS}/{team}"), 404, "not-found")


def test_a15_a_deactivated_owners_invitation_is_not_accepted(jane: Client, john: Client, team: int) -> None:
    invitation = invite(john, team)
    john.put("/api/users/current/deactivate")

    problem(jane.post(f"{INVITATIONS}/{invitation}/accept"), 404, "not-found")
    assert jane.get(INVITATIONS).json() == {"data": []}


@pytest.mark.parametrize("media", ["json", "form"])
def test_the_owner_renames_the_account(jane: Client, john: Client, team: int, media: str) -> None:
    jane.post(f"{INVITATIONS}/{invite(john, team)}/accept")
    before = john.get(f"{ACCOUNTS}/{team}").json()["data"]

    answer = john.put(f"{ACCOUNTS}/{team}", **{media: {"name": "Cafe\u0301"}})

    assert (answer.status_code, answer.json()) == (200, {"data": {**before, "name": "Caf\u00e9"}})
    assert jane.get(f"{ACCOUNTS}/{team}").json()["data"]["name"] == "Caf\u00e9"
    problem(jane.put(f"{ACCOUNTS}/{team}", json={"name": "Mine"}), 403, "not-allowed")
    invalid(john.put(f"{ACCOUNTS}/{team}", json={}), "name")
    invalid(john.put(f"{ACCOUNTS}/{team}", json={"name": "a\nb"}), "name")
    invalid(john.put(f"{ACCOUNTS}/{team}", json={"name": "A", "owner_id": 1}), "owner_id")
    assert john.get(f"{ACCOUNTS}/{team}").json()["data"]["name"] == "Caf\u00e9"


def test_a_stranger_does_not_rename_an_account(jane: Client, team: int) -> None:
    problem(jane.put(f"{ACCOUNTS}/{team}", json={"name": "Mine"}), 404, "not-found")


def test_a18_a_deleted_persons_address_is_in_nobodys_activity_or_export(
    jane: Client, john: Client, team: int, service: Service
) -> None:
    jane.post(f"{INVITATIONS}/{invite(john, team)}/decline")
    invite(john, team)
    john.post(path(team), json={"email": "jane@example.org"}, headers={"Idempotency-Key": "again"})
    assert "jane@example.org" in john.get("/api/users/current/activity").text
    service.work()

    assert jane.delete("/api/v1/user", json={"password": PASSWORD}).status_code == 204

    assert "jane@example.org" not in john.get("/api/users/current/activity").text
    assert "jane@example.org" not in john.get("/api/users/current/export").text
    assert "jane@example.org" not in str(service.dump())
