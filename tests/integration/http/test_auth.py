"""Signing up, in and out; deactivating and restoring."""

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, URN, Client, invalid, problem
from tests.integration.http.service import Service
from tests.profile_fields import SHOWN

NEWCOMER = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
PROOF = {"email": "jane@example.org", "password": PASSWORD}


def test_who_signs_up_gets_the_new_user(api: Client) -> None:
    answer = api.post("/api/auth/register", json=NEWCOMER)

    assert answer.status_code == 201
    assert list(answer.json()) == ["_id", "email", *SHOWN, "createdAt", "balance", "status", "emailVerified"]
    assert answer.json() | {"_id": "", "createdAt": ""} == {
        "_id": "",
        "email": "jane@example.org",
        "name": "Jane Doe",
        "createdAt": "",
        "balance": 0,
        "status": 0,
        "emailVerified": False,
    }


def test_signing_up_takes_a_form_as_well(api: Client) -> None:
    answer = api.post("/api/auth/register", form=NEWCOMER)

    assert answer.status_code == 201
    assert answer.json()["name"] == "Jane Doe"


@pytest.mark.parametrize(
    "spelling", ["jane@example.org", "JANE@EXAMPLE.ORG", "jane@\uff45xampl\uff45.org", "\uff4aane@example.org"]
)
def test_an_address_signs_up_once_however_it_is_spelled(api: Client, spelling: str) -> None:
    api.sign_up()

    problem(api.post("/api/auth/register", json={**NEWCOMER, "email": spelling}), 409, "email-taken")


def test_a_domain_in_its_own_script_is_kept_in_its_ascii_form(api: Client) -> None:
    answer = api.post("/api/auth/register", json={**NEWCOMER, "email": "jane@faß.de"})

    assert answer.json()["email"] == "jane@xn--fa-hia.de"
    assert api.sign_in("jane@xn--fa-hia.de").user["email"] == "jane@xn--fa-hia.de"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "jane"),
        ("email", "jane@exa mple.org"),
        ("email", "jane@\u2488com.org"),
        ("email", "j" * 300 + "@example.org"),
        ("email", "jane@" + "ü" * 250),
        ("name", ""),
        ("name", "two\nlines"),
        ("name", "n" * 201),
        ("password", "short"),
        ("password", " " * 20),
        ("password", "p" * 1025),
        ("password", "123456789101112"),
    ],
)
def test_what_breaks_a_rule_is_named(api: Client, field: str, value: str) -> None:
    invalid(api.post("/api/auth/register", json={**NEWCOMER, field: value}), field)


def test_every_field_that_is_missing_unknown_or_of_the_wrong_type_is_named_at_once(api: Client) -> None:
    answer = api.post("/api/auth/register", json={"email": 7, "name": None, "balance": 100})

    invalid(answer, "email", "name", "password", "balance")


def test_signing_in_gives_a_bearer_token(api: Client, service: Service) -> None:
    api.post("/api/auth/register", json=NEWCOMER)

    answer = api.post("/api/auth/login", json=PROOF)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json()) == ["access_token", "token_type", "expires_in"]
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 30 * 24 * 3600
    assert api.with_token(answer.json()["access_token"]).get("/api/v1/user").status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/restore"])
@pytest.mark.parametrize(
    "proof",
    [{**PROOF, "password": OTHER_PASSWORD}, {**PROOF, "email": "nobody@example.org"}, {**PROOF, "password": ""}],
)
def test_whoever_fails_to_prove_who_they_are_learns_nothing_more(api: Client, path: str, proof: dict[str, str]) -> None:
    api.sign_up()

    answer = api.post(path, json=proof)

    problem(answer, 401, "invalid-credentials")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.content == api.post(path, json={**PROOF, "password": "any other one"}).content


def test_signing_out_ends_this_session_alone(api: Client) -> None:
    jane, elsewhere = api.sign_up(), api.sign_in("jane@example.org")

    answer = jane.post("/api/auth/logout")

    assert (answer.status_code, answer.content) == (204, b"")
    problem(jane.get("/api/v1/user"), 401, "invalid-token")
    assert elsewhere.get("/api/v1/user").status_code == 200


def test_a_deactivated_account_is_closed_and_comes_back_as_it_was(api: Client, service: Service) -> None:
    jane, elsewhere = api.sign_up(), api.sign_in("jane@example.org")
    jane.post("/api/v1/accounts", json={"name": "Dev team"})
    jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
    before, cards = jane.get("/api/users/current").json(), jane.get("/api/users/current/list-payment-methods").json()

    answer = jane.put("/api/users/current/deactivate")

    assert answer.status_code == 200
    assert answer.json() == {"message": "Account is deactivated"}
    for dead in (jane, elsewhere):
        refusal = dead.get("/api/users/current")
        problem(refusal, 401, "invalid-token")
        assert refusal.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    problem(api.post("/api/auth/login", json=PROOF), 403, "account-deactivated")
    problem(api.post("/api/auth/login", json={**PROOF, "password": OTHER_PASSWORD}), 401, "invalid-credentials")
    problem(api.post("/api/auth/register", json=NEWCOMER), 409, "email-taken")

    restored = api.post("/api/auth/restore", json=PROOF)

    assert restored.status_code == 200
    assert list(restored.json()) == ["access_token", "token_type", "expires_in"]
    back = api.with_token(restored.json()["access_token"])
    assert back.get("/api/users/current").json() == before
    assert back.get("/api/users/current/list-payment-methods").json() == cards
    assert [team["name"] for team in back.get("/api/v1/accounts").json()["data"]] == ["Dev team"]
    problem(jane.get("/api/users/current"), 401, "invalid-token")


def test_restoring_an_active_account_is_a_plain_login(api: Client) -> None:
    jane = api.sign_up()

    answer = api.post("/api/auth/restore", json=PROOF)

    assert answer.status_code == 200
    assert jane.get("/api/v1/user").status_code == 200


def test_a_session_lives_as_long_as_it_is_used(api: Client, service: Service) -> None:
    jane = api.sign_up()
    for _ in range(3):
        service.clock.pass_by(days=9)
        assert jane.get("/api/users/current").status_code == 200

    service.clock.pass_by(days=4)

    problem(jane.get("/api/users/current"), 401, "invalid-token")


def test_an_idle_session_dies(api: Client, service: Service) -> None:
    jane = api.sign_up()

    service.clock.pass_by(days=14)

    problem(jane.get("/api/v1/user"), 401, "invalid-token")


def test_the_problem_of_a_deactivated_account_has_the_documented_type(api: Client) -> None:
    jane = api.sign_up()
    jane.put("/api/users/current/deactivate")

    assert api.post("/api/auth/login", form=PROOF).json()["type"] == f"{URN}account-deactivated"
