"""Where registration is private, nobody finds out from the service whether an address has an account."""

from collections.abc import Iterator

import httpx
import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run, invalid, problem
from tests.integration.http.conftest import STORES, OpenStore
from tests.integration.http.service import Service, serving

from accounts_core.model.policy import Policy
from accounts_core.ports.mailer import MailKind

REGISTER, LOGIN, VERIFY = "/api/auth/register", "/api/auth/login", "/api/auth/verify-email"
JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}


@pytest.fixture(params=STORES)
def service(request: pytest.FixtureRequest, run: Run, open_store: OpenStore) -> Iterator[Service]:
    with (
        open_store(request.param, run) as stored,
        serving(run, stored, policy=Policy(private_registration=True)) as service,
    ):
        yield service


def same(*answers: httpx.Response) -> bool:
    """Whether these are the same to the byte, but for the name that each answer has of its own."""
    for answer in answers:
        del answer.headers["x-request-id"]
    return len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1


def have_account(service: Service, email: str = "jane@example.org") -> Client:
    assert service.api.post(REGISTER, json={**JANE, "email": email}).status_code == 202
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    assert service.api.post(VERIFY, json={"token": token, "password": PASSWORD}).status_code == 204
    return service.api.sign_in(email)


def test_signing_up_answers_the_same_whether_or_not_the_address_has_an_account(service: Service) -> None:
    have_account(service)
    before = service.dump()["outbox" if "outbox" in service.dump() else "jobs"]

    taken = service.api.post(REGISTER, json=JANE)
    free = service.api.post(REGISTER, json={**JANE, "email": "free@example.org"})

    assert same(taken, free)
    assert taken.status_code == 202
    assert len(service.dump()["outbox" if "outbox" in service.dump() else "jobs"]) == len(before) + 2
    service.work()
    told = {mail.to.address: mail.kind for mail in service.mails.delivered}
    assert told == {"jane@example.org": MailKind.ALREADY_REGISTERED, "free@example.org": MailKind.VERIFY_EMAIL}
    assert service.api.sign_in("jane@example.org").user["name"] == "Jane Doe"


def test_an_unverified_account_signs_in_like_a_wrong_password(service: Service) -> None:
    service.api.post(REGISTER, json=JANE)
    service.work()
    proof = {"email": "jane@example.org", "password": PASSWORD}

    unverified = service.api.post(LOGIN, json=proof)
    unknown = service.api.post(LOGIN, json={**proof, "email": "nobody@example.org"})

    assert same(unverified, unknown)
    problem(unverified, 401, "invalid-credentials")


def test_a6_of_several_sign_ups_the_one_whose_link_and_password_come_together_counts(service: Service) -> None:
    """Whoever signs up somebody else's address does not get into the account that its owner makes of it."""
    service.api.post(REGISTER, json={**JANE, "password": OTHER_PASSWORD})
    prepared = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    service.clock.pass_by(minutes=1)
    service.api.post(REGISTER, json=JANE)
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]

    invalid(service.api.post(VERIFY, json={"token": prepared}), "password")
    invalid(service.api.post(VERIFY, json={"token": prepared, "password": PASSWORD}), "password")
    assert service.api.post(VERIFY, json={"token": token, "password": PASSWORD}).status_code == 204
    invalid(service.api.post(VERIFY, json={"token": prepared, "password": OTHER_PASSWORD}), "token")
    service.api.sign_in("jane@example.org")
    problem(
        service.api.post(LOGIN, json={"email": "jane@example.org", "password": OTHER_PASSWORD}),
        401,
        "invalid-credentials",
    )


def test_an_address_change_looks_the_same_whether_or_not_the_new_one_is_taken(service: Service) -> None:
    have_account(service, "john@example.org")
    service.clock.pass_by(seconds=1)
    jane = have_account(service)

    taken = jane.put("/api/v1/user", json={"email": "john@example.org"})
    told = service.mailed(MailKind.ALREADY_REGISTERED)
    free = jane.put("/api/v1/user", json={"email": "free@example.org"})

    assert taken.json()["data"]["pending_email"] == "john@example.org"
    assert {**taken.json()["data"], "pending_email": ""} == {**free.json()["data"], "pending_email": ""}
    assert dict(told) == {}
    assert jane.user["email"] == "jane@example.org"


def test_a_second_sign_up_by_the_same_person_is_told_by_mail_only(service: Service) -> None:
    have_account(service)
    service.api.post(REGISTER, json=JANE)

    assert dict(service.mailed(MailKind.ALREADY_REGISTERED)) == {}
    assert len(service.dump()["users"]) == 1


def test_signing_up_and_asking_for_a_new_password_are_the_same_work_whoever_asks(service: Service) -> None:
    """ASVS 5.0, 6.3.8: as many hashes and rows, or the time would tell what the answer does not."""
    have_account(service)
    works = []
    for email in ("jane@example.org", "free@example.org"):
        for path, body in ((REGISTER, {**JANE, "email": email}), ("/api/auth/forgot-password", {"email": email})):
            before, rows = (service.hasher.hashed, service.hasher.verified), rows_of(service)
            assert service.api.post(path, json=body).status_code == 202
            now = rows_of(service)
            hashed = (service.hasher.hashed - before[0], service.hasher.verified - before[1])
            works.append((path, hashed, {name: now[name] - rows[name] for name in now if now[name] != rows[name]}))

    assert works[:2] == works[2:]
    assert [hashed for _, hashed, _ in works[:2]] == [(1, 0), (0, 0)]


def rows_of(service: Service) -> dict[str, int]:
    return {name: len(rows) for name, rows in service.dump().items()}
