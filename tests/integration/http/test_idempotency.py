"""A write that is sent again under its key is done once, and answered the same."""

from typing import Any

import pytest
from tests.integration.http.client import Client, problem, together
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import Populated, Service

TEAMS = "/api/v1/accounts"
VERIFY = "/api/users/current/verify-payment"


def keyed(key: str = "key-1") -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_repeat_gets_the_first_answer_and_nothing_is_done_twice(service: Service) -> None:
    jane = service.api.sign_up()

    first = jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed())
    again = jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed())

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(jane.get(TEAMS).json()["data"]) == 1
    assert jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed("key-2")).json() != first.json()


def test_a_key_belongs_to_one_user_one_call_and_one_body(service: Service) -> None:
    jane, john = service.api.sign_up(), service.api.sign_up("john@example.org", "John Smith")
    jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed())

    problem(jane.post(TEAMS, json={"name": "Ops team"}, headers=keyed()), 422, "key-reused")
    assert john.post(TEAMS, json={"name": "Ops team"}, headers=keyed()).status_code == 201
    assert jane.put("/api/v1/user", json={"name": "Jane Roe"}, headers=keyed()).status_code == 200
    assert jane.post(TEAMS, json={"name": "Ops team"}).status_code == 201


def test_a_refusal_is_kept_as_well_and_nothing_of_it_is_written(service: Service) -> None:
    jane = service.api.sign_up()
    before = len(jane.get("/api/users/current/activity").json())

    for replayed in (None, "true"):
        answer = jane.put("/api/v1/user", json={"name": ""}, headers=keyed())
        problem(answer, 422, "invalid-fields")
        assert answer.headers.get("idempotent-replayed") == replayed

    assert len(jane.get("/api/users/current/activity").json()) == before


def test_an_answer_is_kept_for_a_day(service: Service) -> None:
    jane = service.api.sign_up()
    jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed())
    service.clock.pass_by(hours=23, minutes=59)
    assert jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed()).headers["idempotent-replayed"] == "true"
    service.clock.pass_by(minutes=1)

    assert "idempotent-replayed" not in jane.post(TEAMS, json={"name": "Dev team"}, headers=keyed()).headers
    assert len(jane.get(TEAMS).json()["data"]) == 2


def test_a_dead_token_is_refused_before_any_key(service: Service) -> None:
    jane = service.api.sign_up()
    jane.put("/api/users/current/deactivate", headers=keyed())

    problem(jane.put("/api/users/current/deactivate", headers=keyed()), 401, "invalid-token")


@pytest.mark.parametrize("key", ["", " " * 256, "k" * 256, "k\u00e9y"])
def test_what_cannot_be_a_key_is_refused(service: Service, key: str) -> None:
    jane = service.api.sign_up()

    headers: Any = {b"Idempotency-Key": key.encode("latin-1"), "Authorization": f"Bearer {jane.token}"}
    answer = jane.run(jane.http.post(TEAMS, json={"name": "Dev team"}, headers=headers))

    problem(answer, 400, "malformed-request")


def test_of_many_at_once_one_is_performed(service: Service) -> None:
    jane = service.api.sign_up()

    def create() -> Any:
        return jane.request("POST", TEAMS, json={"name": "Dev team"}, headers=keyed())

    answers = together(service.run, *[create] * 8)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(jane.get(TEAMS).json()["data"]) == 1


def test_a_card_is_verified_once_however_often_it_is_asked_for(service: Service) -> None:
    jane = service.api.sign_up()
    wish = {"paymentMethod": "pm_card_visa"}

    answers = [jane.post(VERIFY, json=wish, headers=keyed()) for _ in range(3)]

    assert [answer.json() for answer in answers] == [{"status": "ok"}] * 3
    assert len(service.payments.holds) == 1
    for replayed in (None, "true"):
        declined = jane.post(VERIFY, json={"paymentMethod": "pm_card_chargeDeclined"}, headers=keyed("key-2"))
        problem(declined, 402, "card-declined")
        assert declined.headers.get("idempotent-replayed") == replayed
    assert len(service.payments.holds) == 2


def test_a_challenge_is_not_kept_and_the_same_key_finishes_it(service: Service) -> None:
    jane = service.api.sign_up()
    wish = {"paymentMethod": "pm_card_authenticationRequired"}
    assert jane.post(VERIFY, json=wish, headers=keyed()).json()["status"] == "requires_action"
    service.answer_challenges(succeed=True)

    for _ in range(2):
        assert jane.post(VERIFY, json=wish, headers=keyed()).json() == {"status": "ok"}
    assert len(service.payments.holds) == 1


WRITES = [
    operation
    for operation in operations()
    if operation.method != "GET" and operation.spec.get("security") and not operation.path.startswith("/api/auth")
]


DELETIONS = {"deleteUser", "requestDeletion"}
"""With the user goes what is kept."""


@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_every_write_under_a_token_says_that_it_takes_a_key(operation: Operation) -> None:
    names = {each["name"] for each in operation.spec.get("parameters", ())}

    assert "Idempotency-Key" in names


@pytest.mark.parametrize("operation", [op for op in WRITES if op.spec["operationId"] not in DELETIONS], ids=str)
def test_every_write_replays_its_answer(populated: Populated, operation: Operation) -> None:
    """A bad body will do: its refusal is an answer like any other, and leaves the others' things alone."""
    jane: Client = populated.jane
    path = operation.path_with(populated.ids)

    answers = [jane.call(operation.method, path, json={"nonsense": 1}, headers=keyed("every")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[1].headers["idempotent-replayed"] == "true"
