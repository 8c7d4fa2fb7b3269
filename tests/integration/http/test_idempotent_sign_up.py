"""F11: a sign-up that is sent again under its key is done once, and answered the same."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pytest
from tests.integration.http.client import FORM, OTHER_PASSWORD, PASSWORD, Client, Run, invalid, problem, together
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.service import Service, serving

from accounts_core.model.policy import Policy
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.mailer import MailKind
from accounts_memory import MemoryRateLimiter

REGISTER: Final = "/api/auth/register"
JANE: Final = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
KEY: Final = {"Idempotency-Key": "key-1"}


@pytest.fixture
def is_private() -> bool:
    return False


@pytest.fixture(params=FAST_STORES)
def service(request: pytest.FixtureRequest, run: Run, open_store: OpenStore, is_private: bool) -> Iterator[Service]:
    policy = Policy(private_registration=is_private)
    with (
        open_store(request.param, run) as stored,
        serving(run, stored, policy=policy, limits=MemoryRateLimiter()) as service,
    ):
        yield service


either_way = pytest.mark.parametrize("is_private", [False, True], ids=["open", "private"])
private = pytest.mark.parametrize("is_private", [True], ids=["private"])


def register(service: Service, headers: Mapping[str, str] = KEY, /, **fields: Any) -> httpx.Response:
    return service.api.post(REGISTER, json={**JANE, **fields}, headers=dict(headers))


def mails(service: Service) -> list[tuple[str, MailKind]]:
    service.work()
    return [(mail.to.address, mail.kind) for mail in service.mails.delivered]


@either_way
def test_a_sign_up_whose_answer_was_lost_is_answered_again(service: Service, is_private: bool) -> None:
    first, again = register(service), register(service)

    assert first.status_code == (202 if is_private else 201)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert mails(service) == [("jane@example.org", MailKind.VERIFY_EMAIL)]
    assert register(service).headers["idempotent-replayed"] == "true"
    assert len(service.dump()["users"]) == 1
    assert len(mails(service)) == 1


def test_without_the_key_or_with_another_one_the_address_is_taken(service: Service) -> None:
    register(service)

    for headers in ({}, {"Idempotency-Key": "key-2"}):
        for _ in range(2):
            problem(register(service, headers), 409, "email-taken")
    assert len(service.dump()["idempotency_records"]) == 1


@either_way
def test_another_body_for_the_same_address_is_another_request(service: Service) -> None:
    """A spelling of the address is no way around the key: the scope is the account."""
    register(service)

    for other in (
        {"password": OTHER_PASSWORD},
        {"password": PASSWORD + " "},
        {"name": "Jane Roe"},
        {"email": "JANE@example.org"},
        {"email": "\uff4aane@EXAMPLE.org"},
    ):
        problem(register(service, **other), 422, "key-reused")
    assert len(mails(service)) == 1


@either_way
def test_a_key_is_free_for_another_address(service: Service) -> None:
    register(service)

    john = register(service, email="john@example.org")

    assert "idempotent-replayed" not in john.headers
    assert len(mails(service)) == 2


@either_way
def test_of_many_sign_ups_at_once_one_is_performed(service: Service, is_private: bool) -> None:
    def call() -> Any:
        return service.api.request("POST", REGISTER, json=JANE, headers=KEY)

    answers = together(service.run, *[call] * 5)

    assert {answer.status_code for answer in answers} == {202 if is_private else 201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in each.headers for each in answers) == 1
    assert len(service.dump()["idempotency_records"]) == 1
    assert len(mails(service)) == 1
    assert register(service).headers["idempotent-replayed"] == "true"


@either_way
def test_what_was_refused_is_not_kept_and_may_be_corrected(service: Service, is_private: bool) -> None:
    for bad in ({"password": "short"}, {"name": ""}, {"email": "jane"}, {"password": None}, {"password": 15}):
        (field,) = bad
        invalid(register(service, **bad), field)
        invalid(register(service, **bad), field)
    assert service.dump()["idempotency_records"] == []

    assert register(service).status_code == (202 if is_private else 201)


def test_a_taken_address_that_becomes_free_is_signed_up_under_the_same_key(service: Service) -> None:
    john = service.api.sign_up()
    problem(register(service), 409, "email-taken")
    john.delete("/api/v1/user", json={"password": PASSWORD})

    assert register(service).status_code == 201


def test_a_form_and_a_nul_in_it(service: Service) -> None:
    form = {"content": "email=jane%40example.org&name=Jane&password=" + PASSWORD.replace(" ", "+")}
    headers = {"content-type": FORM, **KEY}
    first = service.api.call("POST", REGISTER, headers=headers, **form)
    again = service.api.call("POST", REGISTER, headers=headers, **form)

    assert (first.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    with_nul = service.api.call("POST", REGISTER, headers=headers, content=form["content"].replace("Jane", "J%00"))
    invalid(with_nul, "name")


@pytest.mark.parametrize("key", ["", "k" * 256, "k\u00e9y"])
def test_what_cannot_be_a_key_is_refused(service: Service, key: str) -> None:
    headers: Any = {b"Idempotency-Key": key.encode("latin-1")}
    answer = service.run(service.api.http.post(REGISTER, json=JANE, headers=headers))

    problem(answer, 400, "malformed-request")


def test_the_longest_key_and_odd_characters_do(service: Service) -> None:
    for headers in ({"Idempotency-Key": "~" * 255}, {"Idempotency-Key": "' OR 1=1 -- \t".strip()}):
        email = f"{len(headers['Idempotency-Key'])}@example.org"
        assert register(service, headers, email=email).status_code == 201
        assert register(service, headers, email=email).headers["idempotent-replayed"] == "true"


@either_way
def test_after_a_day_the_answer_is_forgotten(service: Service, is_private: bool) -> None:
    register(service)
    service.clock.pass_by(hours=23, minutes=59)
    assert register(service).headers["idempotent-replayed"] == "true"
    service.clock.pass_by(minutes=1)

    again = register(service)

    assert (again.status_code, "idempotent-replayed" in again.headers) == (202 if is_private else 409, False)
    service.clock.pass_by(hours=24, minutes=1)
    assert service.run(service.accounts.run_cleanup()).requests == 1
    assert service.dump()["idempotency_records"] == []


def test_what_is_kept_goes_with_the_account_and_is_in_its_export(service: Service) -> None:
    register(service)
    jane = service.api.sign_in("jane@example.org")
    assert len(jane.get("/api/users/current/export").json()["repeatable_requests"]) == 1

    assert jane.delete("/api/v1/user", json={"password": PASSWORD}).status_code == 204

    assert service.dump()["idempotency_records"] == []
    again = register(service)
    assert (again.status_code, "idempotent-replayed" in again.headers) == (201, False)


@private
def test_where_registration_is_private_what_is_kept_goes_with_the_account_too(service: Service) -> None:
    register(service)
    register(service, email="john@example.org")
    service.work()
    mailed = {mail.to.address: mail.values for mail in service.mails.delivered}
    token = mailed["jane@example.org"]["token"]
    assert service.api.post("/api/auth/verify-email", json={"token": token, "password": PASSWORD}).status_code == 204
    jane = service.api.sign_in("jane@example.org")
    assert len(jane.get("/api/users/current/export").json()["repeatable_sign_ups"]) == 1

    assert jane.delete("/api/v1/user", json={"password": PASSWORD}).status_code == 204

    (johns,) = service.dump()["idempotency_records"]
    assert johns.email_key == "john@example.org"


@either_way
def test_the_password_is_compared_by_its_slow_hash_and_that_is_counted(service: Service, is_private: bool) -> None:
    """Whoever guesses the key may not guess the password: neither here nor from what is stored."""
    register(service)
    (row,) = service.dump()["idempotency_records"]
    assert row.fingerprint[32:].startswith(b"plain-sha256$"), "the hasher's own form"
    assert PASSWORD.encode() not in bytes(row.fingerprint)

    answers = [register(service, password=f"a guess, number {number}") for number in range(30)]
    limited = register(service)

    assert {answer.status_code for answer in answers} == {422}
    problem(limited, 429, "too-many-attempts")
    service.clock.pass_by(hours=1)
    assert register(service).headers["idempotent-replayed"] == "true"


def test_a_password_is_hashed_once_however_often_it_is_retried(service: Service) -> None:
    hashed = []
    plain = service.hasher.hash

    async def counting(password: Any, *, requester: Any = None) -> PasswordHash:
        hashed.append(password)
        return await plain(password, requester=requester)

    service.hasher.hash = counting  # type: ignore[method-assign]

    register(service)
    register(service)

    assert len(hashed) == 1


def test_a_replay_does_not_depend_on_what_became_of_the_account(service: Service) -> None:
    first = register(service)
    jane: Client = service.api.sign_in("jane@example.org")
    change = {"name": "Jane Roe", "oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD}
    assert jane.put("/api/users/current", json=change).status_code == 200

    assert register(service).content == first.content
    problem(register(service, password=OTHER_PASSWORD), 422, "key-reused")
