"""A9: what passwords make of a repeat under an idempotency key."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import pytest
from tests.integration.http.client import JSON, OTHER_PASSWORD, PASSWORD, Run, invalid, problem
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.idempotency_environment import KEY, PROFILE, Environment, env_over

NEW: Final = "a third river, longer still"
CHANGE: Final = {"oldPassword": PASSWORD, "newPassword": NEW}


@pytest.fixture
def store_kind() -> str:
    """In memory, where it is the edge alone that decides."""
    return "memory"


on_every_store = pytest.mark.parametrize("store_kind", FAST_STORES)


@pytest.fixture
def env(store_kind: str, run: Run, open_store: OpenStore) -> Iterator[Environment]:
    with open_store(store_kind, run) as stored, env_over(run, stored) as env:
        yield env


@on_every_store
def test_of_two_new_passwords_under_one_key_the_second_is_another_request(env: Environment) -> None:
    assert env.jane.put(PROFILE, json=CHANGE, headers=KEY).status_code == 200

    again = env.jane.put(PROFILE, json=CHANGE, headers=KEY)
    other = env.jane.put(PROFILE, json={"oldPassword": NEW, "newPassword": OTHER_PASSWORD}, headers=KEY)

    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    problem(other, 422, "key-reused")
    env.service.api.sign_in("jane@example.org", NEW)


@pytest.mark.parametrize(
    "other",
    [
        {"newPassword": NEW},
        {**CHANGE, "name": "Jane Roe"},
        {**CHANGE, "password": "one more"},
        {"oldPassword": PASSWORD, "newPassword": NEW.upper()},
        {"oldPassword": PASSWORD, "newPassword": None},
        {"oldPassword": PASSWORD, "newPassword": [NEW]},
        {"oldPassword": PASSWORD, "newPassword": 3},
        {"oldPassword": NEW, "newPassword": PASSWORD},
        {"name": {"newPassword": NEW}},
        {},
    ],
)
def test_any_other_body_is_another_request(env: Environment, other: dict[str, Any]) -> None:
    env.jane.put(PROFILE, json=CHANGE, headers=KEY)

    problem(env.jane.put(PROFILE, json=other, headers=KEY), 422, "key-reused")


def test_a_form_is_another_body_than_json_and_the_order_and_the_spelling_of_fields_is_not(env: Environment) -> None:
    env.jane.put(PROFILE, json={"name": "Jos\u00e9", **CHANGE}, headers=KEY)
    headers = {"content-type": JSON, **KEY}
    turned = f'{{ "newPassword":"{NEW}", "oldPassword":"{PASSWORD}", "n\\u0061me":"Jos\\u00e9"}}'

    again = env.jane.call("PUT", PROFILE, content=turned.encode(), headers=headers)
    form = env.jane.put(PROFILE, form={"name": "Jos\u00e9", **CHANGE}, headers=KEY)
    decomposed = env.jane.put(PROFILE, json={"name": "Jose\u0301", **CHANGE}, headers=KEY)

    assert again.headers["idempotent-replayed"] == "true"
    problem(form, 422, "key-reused")
    problem(decomposed, 422, "key-reused")


@on_every_store
def test_under_another_token_a_body_with_a_password_is_performed_again_and_one_without_is_not(env: Environment) -> None:
    other = env.service.api.sign_in("jane@example.org")
    named, changed = {"Idempotency-Key": "name"}, {"Idempotency-Key": "password"}
    with_proof = {"name": "Jane Roe", "oldPassword": PASSWORD}
    env.jane.put(PROFILE, json={"name": "Jane Roe"}, headers=named)
    env.jane.put(PROFILE, json=with_proof, headers=changed)
    env.jane.put(PROFILE, json={"name": "Jane Poe"})

    without = other.put(PROFILE, json={"name": "Jane Roe"}, headers=named)
    assert (without.headers["idempotent-replayed"], other.user["name"]) == ("true", "Jane Poe")
    again = other.put(PROFILE, json=with_proof, headers=changed)
    assert ("idempotent-replayed" in again.headers, other.user["name"]) == (False, "Jane Roe")
    problem(other.put(PROFILE, json={**with_proof, "name": "Jane Moe"}, headers=changed), 422, "key-reused")
    assert other.put(PROFILE, json=with_proof, headers=changed).headers["idempotent-replayed"] == "true"


def test_after_the_password_changed_the_same_request_by_a_new_session_is_judged_anew(env: Environment) -> None:
    env.jane.put(PROFILE, json=CHANGE, headers=KEY)

    again = env.service.api.sign_in("jane@example.org", NEW).put(PROFILE, json=CHANGE, headers=KEY)

    invalid(again, "oldPassword")


def test_a_token_that_died_is_refused_before_the_key_is_looked_at(env: Environment) -> None:
    other = env.service.api.sign_in("jane@example.org")
    assert other.put(PROFILE, json={"name": "Jane Roe"}, headers=KEY).status_code == 200
    other.post("/api/auth/logout")

    problem(other.put(PROFILE, json={"name": "Jane Roe"}, headers=KEY), 401, "invalid-token")


def test_nothing_that_is_kept_is_a_digest_that_a_password_could_be_guessed_from(env: Environment) -> None:
    """Whatever the field is called, however deep the password lies, and where the body cannot be read."""
    nothing, name = sha256(b"{}").digest(), sha256(b'{"name": "Jane Roe"}').digest()
    bodies = {
        f'{{"oldPassword": "{PASSWORD}", "name": "Jane Roe"}}': name,
        f'{{"name": "Jane Roe", "pwd": "{PASSWORD}"}}': name,
        f'{{"name": {{"secret": "{PASSWORD}"}}}}': nothing,
        f'{{"name": ["{PASSWORD}"]}}': nothing,
        f'{{"oldPassword": "{PASSWORD}"': sha256(b"unread").digest(),
    }
    for number, body in enumerate(bodies):
        headers = {"content-type": JSON, "Idempotency-Key": f"key-{number}"}
        assert env.jane.call("PUT", PROFILE, content=body.encode(), headers=headers).status_code in {200, 400, 422}

    rows = [bytes(row.fingerprint) for row in env.service.dump()["idempotency_records"]]

    assert sorted(row[:32] for row in rows) == sorted(bodies.values())
    assert {len(row) for row in rows} == {96}
    assert len({row[32:64] for row in rows}) == 1, "the token"
    assert len({row[64:] for row in rows}) == len(bodies), "the secrets"


def test_one_persons_key_is_nothing_to_another_person(env: Environment) -> None:
    env.jane.put(PROFILE, json=CHANGE, headers=KEY)
    john = env.service.api.sign_up("john@example.org", "John Smith")

    answer = john.put(PROFILE, json=CHANGE, headers=KEY)

    assert (answer.status_code, answer.json()["name"]) == (200, "John Smith")
    assert "idempotent-replayed" not in answer.headers
