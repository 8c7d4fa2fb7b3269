"""Deleting a user: what goes, what stays, and that the preview said so."""

from typing import Any

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, invalid, problem
from tests.integration.http.service import Service

from accounts_core.errors import ProviderAmbiguous


def team_of(owner: Client, name: str, *members: Client, service: Service) -> int:
    """Found a team and let the members join it."""
    team: int = owner.post("/api/v1/accounts", json={"name": name}).json()["data"]["id"]
    for member in members:
        email = member.user["email"]
        assert owner.post(f"/api/v1/accounts/{team}/invitations", json={"email": email}).status_code == 202
        invitations = member.get("/api/v1/user/invitations").json()["data"]
        (invitation,) = [found for found in invitations if found["account"]["id"] == team]
        assert member.post(f"/api/v1/user/invitations/{invitation['id']}/accept").status_code == 204
    return team


def write(author: Client, team: int, body: str) -> dict[str, Any]:
    written: dict[str, Any] = author.post(f"/api/v1/accounts/{team}/interactions", json={"body": body}).json()["data"]
    return written


def counts(service: Service) -> dict[str, int]:
    return {name: len(rows) for name, rows in service.dump().items()}


def test_the_deletion_story(api: Client, service: Service) -> None:
    jane, john, mary = (api.sign_up(f"{name}@example.org", name.title()) for name in ("jane", "john", "mary"))
    for name in ("jane", "john", "mary"):
        service.verify_email(f"{name}@example.org")
    own = team_of(jane, "Jane's", john, mary, service=service)
    other = team_of(john, "John's", jane, mary, service=service)
    for author, team, body in [
        (jane, own, "mine in mine"),
        (john, own, "his in mine"),
        (jane, other, "mine in his"),
        (jane, other, "mine in his again"),
        (mary, other, "hers in his"),
    ]:
        write(author, team, body)
    jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
    customer = jane.get("/api/users/current/retrieve").json()["id"]
    elsewhere = api.sign_in("jane@example.org")

    preview = jane.get("/api/v1/user/deletion").json()["data"]

    assert preview == {
        "destroyed": {
            "accounts": 1,
            "interactions": 2,
            "memberships": 3,
            "notifications": 3,
            "payment_methods": 1,
            "sessions": 2,
        },
        "disassociated": {"interactions": 2},
        "blocked_by": [],
    }

    before = service.dump()
    invalid(jane.delete("/api/v1/user", form={"password": OTHER_PASSWORD}), "password")
    assert service.dump() == before

    rows = counts(service)
    assert jane.delete("/api/v1/user", form={"password": PASSWORD}).status_code == 204

    gone = {name: rows[name] - count for name, count in counts(service).items()}
    assert gone["users"] == 1
    assert gone["teams"] == preview["destroyed"]["accounts"]
    for name in ("interactions", "memberships", "notifications", "payment_methods", "sessions"):
        assert gone[name] == preview["destroyed"][name], name

    for dead in (jane, elsewhere):
        problem(dead.get("/api/users/current"), 401, "invalid-token")
    problem(john.get(f"/api/v1/accounts/{own}"), 404, "not-found")
    left = john.get(f"/api/v1/accounts/{other}/interactions").json()["data"]
    assert {item["body"]: item["author"] and item["author"]["name"] for item in left} == {
        "mine in his": None,
        "mine in his again": None,
        "hers in his": "Mary",
    }
    nobodys = [item for item in left if item["author"] is None]
    assert len(nobodys) == preview["disassociated"]["interactions"]
    assert [member["name"] for member in john.get(f"/api/v1/accounts/{other}/members").json()["data"]] == [
        "Mary",
        "John",
    ]
    assert ("delete_customer", (customer,)) in service.payments.calls

    again = api.sign_up("jane@example.org", "Another Jane")
    assert again.get("/api/v1/accounts").json() == {"data": []}
    assert again.get("/api/users/current/list-payment-methods").json()["data"] == []


def test_an_empty_account_has_nothing_but_its_session_to_lose(api: Client) -> None:
    preview = api.sign_up().get("/api/v1/user/deletion").json()["data"]

    assert preview["destroyed"] == {
        "accounts": 0,
        "interactions": 0,
        "memberships": 0,
        "notifications": 0,
        "payment_methods": 0,
        "sessions": 1,
    }
    assert preview["disassociated"] == {"interactions": 0}


def billed(api: Client) -> tuple[Client, str]:
    """Sign Jane up with a card; return her and her customer."""
    jane = api.sign_up()
    jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
    return jane, jane.get("/api/users/current/retrieve").json()["id"]


DELETIONS = [("DELETE", "/api/v1/user"), ("POST", "/api/v1/user/deletion")]
as_delete_and_post = pytest.mark.parametrize(("method", "path"), DELETIONS, ids=[method for method, _ in DELETIONS])


@as_delete_and_post
@pytest.mark.parametrize("media", ["json", "form"])
def test_a_deletion_is_the_same_in_a_post(api: Client, method: str, path: str, media: str) -> None:
    """For clients that send no body with a DELETE."""
    jane = api.sign_up()

    for body in ({}, {"password": ""}, {"password": OTHER_PASSWORD}):
        invalid(jane.call(method, path, **{media: body}), "password")
    invalid(jane.call(method, path, **{media: {"password": PASSWORD, "force": "yes"}}), "force")
    answer = jane.call(method, path, **{media: {"password": PASSWORD}})

    assert (answer.status_code, answer.content) == (204, b"")
    problem(jane.call(method, path, json={"password": PASSWORD}), 401, "invalid-token")
    assert api.call(method, path, json={"password": PASSWORD}).status_code == 401


@as_delete_and_post
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "key-1"}], ids=["without a key", "with a key"])
def test_a_live_subscription_blocks_until_it_is_over(
    api: Client, service: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    """F13, and L05: a refusal that a retry may end is not kept."""
    jane, customer = billed(api)
    service.payments.set_subscriptions(customer, 1)

    preview = jane.get("/api/v1/user/deletion").json()["data"]
    refused = problem(jane.call(method, path, json={"password": PASSWORD}, headers=headers), 409, "deletion-blocked")

    assert (preview["blocked_by"], preview["destroyed"]["subscriptions"]) == (["subscriptions"], 1)
    assert refused["blocked_by"] == ["subscriptions"]
    assert jane.get("/api/v1/user").status_code == 200

    service.payments.set_subscriptions(customer, 0)
    answer = jane.call(method, path, json={"password": PASSWORD}, headers=headers)

    assert answer.status_code == 204
    service.work()
    assert service.run(service.accounts.list_outbox()) == []
    assert ("delete_customer", (customer,)) in service.payments.calls


@as_delete_and_post
def test_while_the_provider_cannot_say_a_deletion_is_for_later(
    api: Client, service: Service, method: str, path: str
) -> None:
    jane, _ = billed(api)

    for asked, where, body in (("GET", "/api/v1/user/deletion", None), (method, path, {"password": PASSWORD})):
        service.payments.fail_next("inspect_customer", ProviderAmbiguous())
        answer = jane.call(asked, where, json=body)
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0

    assert jane.call(method, path, json={"password": PASSWORD}).status_code == 204
