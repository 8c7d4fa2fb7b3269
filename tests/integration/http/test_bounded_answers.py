"""A4: an answer is no copy of what was sent: problems and what is kept of answers have a bounded size."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.http.client import FORM, JSON, Client, Run, invalid
from tests.integration.http.conftest import OpenStore
from tests.integration.http.openapi import operations
from tests.integration.http.service import Service, populate, serving

from accounts_core.model.idempotency import MAX_ANSWER_BYTES
from accounts_core.model.text import MAX_BODY
from accounts_http.bodies import MAX_FIELD_NAME, MAX_UNKNOWN_FIELDS, fill
from accounts_http.errors import HttpError, WrongFields
from accounts_http.options import BODY_LIMIT_BYTES
from accounts_http.problems import MAX_PROBLEM_BYTES, problem_document, problem_type_of
from accounts_http.schemas.user import UpdateUser

KEY: Final = {"Idempotency-Key": "key-1"}
TEAMS, USER = "/api/v1/accounts", "/api/v1/user"
UNITS: Final = ("\x01", '"', "\\", "\U0001f600", "\u2028", "x", "\x7f", "\xe9")
ROOM: Final = BODY_LIMIT_BYTES - 64


@pytest.fixture
def service(run: Run, open_store: OpenStore) -> Iterator[Service]:
    with open_store("sqlite", run) as stored, serving(run, stored) as service:
        yield service


def hostile() -> Iterator[bytes]:
    """Bodies of as many bytes as one may have, whose fields' names grow when JSON tells of them."""
    for unit in UNITS:
        escaped = json.dumps(unit)[1:-1]
        for length in (1, 12, MAX_FIELD_NAME, MAX_FIELD_NAME + 1, 2_000):
            count = min(ROOM // (length * len(escaped) + 9), 999)
            for name in ("{filling}{number}", "{number}{filling}"):
                names = [name.format(filling=escaped * length, number=f"{number:03}") for number in range(count)]
                if names:
                    yield ("{" + ",".join(f'"{each}":1' for each in names) + "}").encode()


def test_every_call_answers_hostile_bodies_with_a_problem_of_bounded_size(run: Run, open_store: OpenStore) -> None:
    """One call with all of them, and every call with the one that had the largest answer."""
    with open_store("memory", run) as stored, serving(run, stored) as service:
        populated = populate(service)
        sizes = {}
        for body in hostile():
            assert len(body) <= BODY_LIMIT_BYTES
            answer = send(populated.jane, "PUT", USER, body)
            assert answer.status_code == 422
            sizes[body] = len(answer.content)
        worst = max(sizes, key=lambda body: sizes[body])
        assert MAX_PROBLEM_BYTES // 2 < sizes[worst] <= MAX_PROBLEM_BYTES

        for operation in (each for each in operations() if each.takes_body):
            answer = send(populated.jane, operation.method, operation.path_with(populated.ids), worst)
            assert 400 <= answer.status_code < 500
            assert len(answer.content) <= MAX_PROBLEM_BYTES, operation


def send(client: Client, method: str, path: str, body: bytes, **headers: str) -> Any:
    return client.call(method, path, content=body, headers={"content-type": JSON, **headers})


NAMES: Final = st.text(st.sampled_from(UNITS) | st.characters(codec="utf-8"), max_size=80)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, st.none() | st.integers() | st.lists(st.text(max_size=5), max_size=3), max_size=60))
def test_whatever_is_sent_the_problem_is_bounded_and_names_the_known_fields(fields: Mapping[str, Any]) -> None:
    fields = {**fields, "password": 1, "name": None}

    with pytest.raises(HttpError) as caught:
        fill(UpdateUser, fields, strict=True)

    assert isinstance(caught.value, WrongFields)
    document = msgspec.json.encode(problem_document(caught.value, problem_type_of(caught.value)))
    assert len(document) <= MAX_PROBLEM_BYTES
    assert {"password", "name"} <= caught.value.errors.keys()
    assert len(caught.value.errors) <= MAX_UNKNOWN_FIELDS + 6
    assert all(len(name) <= MAX_FIELD_NAME + 1 for name in caught.value.errors)


def test_the_first_unknown_fields_are_named_and_the_others_are_counted(service: Service) -> None:
    fields = {f"field_{number}": 1 for number in range(MAX_UNKNOWN_FIELDS + 300)}

    errors = invalid(
        service.api.sign_up().put(USER, json=fields), "", *(f"field_{number}" for number in range(MAX_UNKNOWN_FIELDS))
    )

    assert errors[""] == ["300 more fields are unknown."]
    assert errors["field_0"] == ["This field is unknown."]


def test_a_long_name_is_cut_and_a_field_without_a_name_is_named(service: Service) -> None:
    jane = service.api.sign_up()

    invalid(jane.put(USER, json={"x" * 5_000: 1, "y" * MAX_FIELD_NAME: 1}), "x" * 48 + "\u2026", "y" * 48)
    errors = invalid(jane.put(USER, json={"": 1, **{f"f{n}": 1 for n in range(20)}}), "", *(f"f{n}" for n in range(19)))
    assert errors[""] == ["This field is unknown.", "1 more fields are unknown."]


def test_what_is_kept_of_a_refusal_is_bounded(service: Service) -> None:
    """A body of 16 KB was a row of 90 KB."""
    jane = service.api.sign_up()
    for number, body in enumerate(hostile()):
        send(jane, "PUT", USER, body, **{"Idempotency-Key": f"key-{number}"})

    rows = service.dump()["idempotency_records"]

    assert rows
    assert max(len(row.answer) for row in rows) <= MAX_PROBLEM_BYTES + 64


def test_the_largest_answer_that_a_write_can_have_is_kept(service: Service) -> None:
    """Control characters come raw in a form, a byte each, and leave with six."""
    jane = service.api.sign_up()
    team = jane.post(TEAMS, json={"name": "Dev team"}).json()["data"]["id"]
    how: dict[str, Any] = {"content": b"body=" + b"\x01" * MAX_BODY, "headers": {"content-type": FORM, **KEY}}

    first, again = (jane.call("POST", f"{TEAMS}/{team}/interactions", **how) for _ in range(2))

    assert (first.status_code, len(first.content) > 6 * MAX_BODY) == (201, True)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    (row,) = service.dump()["idempotency_records"]
    assert 6 * MAX_BODY < len(row.answer) <= MAX_ANSWER_BYTES
