"""The account API: every call of its document but the cards, which have a file of their own."""

import re
from typing import Any

import pytest
from tests.integration.http.client import Client, invalid, problem
from tests.integration.http.service import Service
from tests.profile_fields import SHOWN

MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_the_signed_in_user_is_shown_field_by_field(api: Client, service: Service) -> None:
    jane = api.sign_up("john.doe@mail.com", "John Doe")
    service.verify_email("john.doe@mail.com")

    answer = jane.get("/api/users/current")

    assert answer.status_code == 200
    user = answer.json()
    assert list(user) == ["_id", "email", *SHOWN, "createdAt", "balance", "status", "emailVerified"]
    assert re.fullmatch(r"[0-9a-f]{24}", user["_id"])
    assert user["createdAt"] == "2023-11-06T08:30:09.166Z"
    assert user["_id"].startswith("6548a411")
    assert (user["email"], user["name"]) == ("john.doe@mail.com", "John Doe")
    assert (user["balance"], user["status"], user["emailVerified"]) == (0, 0, True)


@pytest.mark.parametrize("media", ["json", "form"])
def test_a_user_renames_themself(api: Client, media: str) -> None:
    jane = api.sign_up()

    answer = jane.put("/api/users/current", **{media: {"name": "John Doe"}})

    assert answer.status_code == 200
    assert list(answer.json()) == ["email", *SHOWN, "createdAt", "_id"]
    assert answer.json()["name"] == "John Doe"
    assert jane.get("/api/users/current").json()["name"] == "John Doe"


def test_an_update_of_nothing_changes_nothing(api: Client, service: Service) -> None:
    jane = api.sign_up()
    before = service.dump()

    nothing: list[dict[str, Any]] = [
        {},
        {"json": {}},
        {"content": b"", "headers": {"content-type": "application/json"}},
    ]
    for body in nothing:
        assert jane.put("/api/users/current", **body).status_code == 200
        assert jane.put("/api/v1/user", **body).status_code == 200

    assert service.dump() == before


def test_notifications_are_listed_newest_first_and_marked_as_read(api: Client, service: Service) -> None:
    owner, jane = api.sign_up("john@example.org", "John"), api.sign_up()
    service.verify_email("jane@example.org")
    for name in ("Dev team", "Ops team"):
        team = owner.post("/api/v1/accounts", json={"name": name}).json()["data"]["id"]
        service.clock.pass_by(seconds=1)
        owner.post(f"/api/v1/accounts/{team}/invitations", json={"email": "jane@example.org"})

    found = jane.get("/api/users/current/notifications").json()

    assert [list(item) for item in found] == [["messageType", "message", "_id", "createdAt", "readAt"]] * 2
    assert [(item["messageType"], item["message"]) for item in found] == [
        ("invite", "You invited to join Ops team."),
        ("invite", "You invited to join Dev team."),
    ]
    assert all(MILLISECONDS.fullmatch(item["createdAt"]) and item["readAt"] is None for item in found)

    answer = jane.put(f"/api/users/current/notifications/{found[1]['_id']}/read")

    assert (answer.status_code, answer.content) == (204, b"")
    read = [item["readAt"] for item in jane.get("/api/users/current/notifications").json()]
    assert read[0] is None
    assert MILLISECONDS.fullmatch(read[1])

    assert jane.put("/api/users/current/notifications/read").status_code == 204
    again = [item["readAt"] for item in jane.get("/api/users/current/notifications").json()]
    assert again[0] is not None
    assert again[1] == read[1]


def test_somebody_elses_notification_is_not_there(api: Client, service: Service) -> None:
    owner, jane = api.sign_up("john@example.org", "John"), api.sign_up()
    service.verify_email("jane@example.org")
    team = owner.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
    owner.post(f"/api/v1/accounts/{team}/invitations", json={"email": "jane@example.org"})
    (hers,) = jane.get("/api/users/current/notifications").json()

    problem(owner.put(f"/api/users/current/notifications/{hers['_id']}/read"), 404, "not-found")
    assert jane.get("/api/users/current/notifications").json()[0]["readAt"] is None


def test_nobody_without_cards_has_a_customer(api: Client) -> None:
    problem(api.sign_up().get("/api/users/current/retrieve"), 404, "not-found")


def test_without_a_customer_the_list_of_cards_is_empty(api: Client) -> None:
    answer = api.sign_up().get("/api/users/current/list-payment-methods")

    assert answer.status_code == 200
    assert answer.json() == {"object": "list", "data": [], "has_more": False, "url": "/v1/payment_methods"}


def test_what_a_client_may_not_set_is_refused(api: Client, service: Service) -> None:
    jane = api.sign_up()
    before = service.dump()

    for field in ("balance", "status", "_id", "is_superuser", "emailVerified"):
        invalid(jane.put("/api/users/current", json={"name": "John", field: 1}), field)

    assert service.dump() == before
