"""Which change of a profile needs what: the rules for names, addresses and passwords."""

from typing import Any

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, invalid, problem
from tests.integration.http.service import Service
from tests.profile_fields import SHOWN

ACCOUNT, USER = "/api/users/current", "/api/v1/user"
TWICE = {"password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD}


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        (ACCOUNT, {"newPassword": OTHER_PASSWORD}, ["oldPassword"]),
        (ACCOUNT, {"newPassword": OTHER_PASSWORD, "oldPassword": "wrong"}, ["oldPassword"]),
        (ACCOUNT, {"newPassword": "short", "oldPassword": PASSWORD}, ["newPassword"]),
        (ACCOUNT, {"newPassword": "", "oldPassword": PASSWORD}, ["newPassword"]),
        (ACCOUNT, {"oldPassword": "wrong", "name": "John"}, ["oldPassword"]),
        (ACCOUNT, {"name": ""}, ["name"]),
        (ACCOUNT, {"email": "nowhere"}, ["email"]),
        (ACCOUNT, {"email": "taken@example.org"}, ["email"]),
        (ACCOUNT, {"email": "TAKEN@example.org"}, ["email"]),
        (USER, {"password": OTHER_PASSWORD}, ["password"]),
        (USER, {"password": OTHER_PASSWORD, "password_confirmation": "different"}, ["password"]),
        (USER, {"password": "short", "password_confirmation": "short"}, ["password"]),
        (USER, {**TWICE, "current_password": "wrong"}, ["current_password"]),
        (USER, {"name": "John", "current_password": "wrong"}, ["current_password"]),
        (USER, {"name": " "}, ["name"]),
        (USER, {"email": "nowhere"}, ["email"]),
        (USER, {"email": "taken@example.org"}, ["email"]),
        (USER, {"name": None}, ["name"]),
    ],
)
def test_what_breaks_a_rule_changes_nothing(
    api: Client, service: Service, path: str, body: dict[str, Any], fields: list[str]
) -> None:
    api.sign_up("taken@example.org", "Somebody Else")
    jane = api.sign_up()
    before = service.dump()

    invalid(jane.put(path, json=body), *fields)

    assert service.dump() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACCOUNT, {"newPassword": OTHER_PASSWORD, "oldPassword": PASSWORD}),
        (USER, TWICE),
        (USER, {**TWICE, "current_password": PASSWORD}),
    ],
)
def test_a_new_password_ends_every_other_session(api: Client, path: str, body: dict[str, str]) -> None:
    jane, elsewhere = api.sign_up(), api.sign_in("jane@example.org")

    assert jane.put(path, json=body).status_code == 200

    assert jane.get(USER).status_code == 200
    problem(elsewhere.get(USER), 401, "invalid-token")
    problem(
        api.post("/api/auth/login", json={"email": "jane@example.org", "password": PASSWORD}),
        401,
        "invalid-credentials",
    )
    assert api.sign_in("jane@example.org", OTHER_PASSWORD).get(USER).status_code == 200


@pytest.mark.parametrize("password", [{}, {"password": ""}, {"password": "", "password_confirmation": "stray"}])
def test_an_empty_password_is_no_password(api: Client, password: dict[str, str]) -> None:
    jane = api.sign_up()

    answer = jane.put(USER, form={"name": "Jane Roe", **password})

    assert answer.status_code == 200
    assert answer.json()["data"]["name"] == "Jane Roe"
    assert api.sign_in("jane@example.org", PASSWORD).user["name"] == "Jane Roe"


def test_a_sign_in_of_long_ago_proves_nothing(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.clock.pass_by(minutes=16)
    before = service.dump()

    problem(jane.put(USER, json=TWICE), 403, "reauthentication-required")

    assert service.dump() == before
    assert jane.put(USER, json={**TWICE, "current_password": PASSWORD}).status_code == 200


def test_an_address_that_was_never_verified_is_replaced_at_once(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.clock.pass_by(minutes=16)

    problem(jane.put(USER, json={"email": "roe@example.org"}), 403, "reauthentication-required")  # A11
    answer = jane.put(USER, json={"email": "roe@example.org", "current_password": PASSWORD})

    assert answer.json()["data"]["email"] == "roe@example.org"
    assert "pending_email" not in answer.json()["data"]
    assert "pendingEmail" not in jane.get(ACCOUNT).json()


def test_a_verified_address_stays_until_the_new_one_is_verified(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.verify_email("jane@example.org")

    answer = jane.put(ACCOUNT, json={"email": "roe@example.org"})

    assert list(answer.json()) == ["email", *SHOWN, "createdAt", "_id", "pendingEmail"]
    assert (answer.json()["email"], answer.json()["pendingEmail"]) == ("jane@example.org", "roe@example.org")
    assert jane.get(ACCOUNT).json()["pendingEmail"] == "roe@example.org"
    assert jane.get(ACCOUNT).json()["emailVerified"] is True
    assert jane.user["pending_email"] == "roe@example.org"

    service.verify_email("jane@example.org")

    assert jane.user["email"] == "roe@example.org"
    assert "pending_email" not in jane.user


@pytest.mark.parametrize(
    ("path", "proof"), [(ACCOUNT, {"oldPassword": PASSWORD}), (USER, {"current_password": PASSWORD})]
)
def test_leaving_a_verified_address_needs_proof(
    api: Client, service: Service, path: str, proof: dict[str, str]
) -> None:
    jane = api.sign_up()
    service.verify_email("jane@example.org")
    service.clock.pass_by(minutes=16)

    problem(jane.put(path, json={"email": "roe@example.org"}), 403, "reauthentication-required")

    assert jane.put(path, json={"email": "roe@example.org", **proof}).status_code == 200
