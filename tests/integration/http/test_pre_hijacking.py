"""F2, A6, F11 and A11 over HTTP, on every store: what an attacker who signs up with somebody's address gets of it."""

from collections.abc import Iterator

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Run, invalid, problem
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.service import Service, serving

from accounts_core.model.policy import Policy
from accounts_core.ports.mailer import MailKind

REGISTER, LOGIN, VERIFY = "/api/auth/register", "/api/auth/login", "/api/auth/verify-email"
VICTIM = "victim@example.org"


@pytest.fixture(params=[False, True], ids=["open", "private"])
def is_private(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=FAST_STORES)
def service(request: pytest.FixtureRequest, run: Run, open_store: OpenStore, is_private: bool) -> Iterator[Service]:
    policy = Policy(private_registration=is_private)
    with open_store(request.param, run) as stored, serving(run, stored, policy=policy) as service:
        yield service


def sign_up(service: Service, password: str) -> int:
    answer = service.api.post(REGISTER, json={"email": VICTIM, "password": password, "name": "Victim"})
    service.work()
    return answer.status_code


def links(service: Service) -> list[str]:
    mails = [mail for mail in service.mails.delivered if mail.to.address == VICTIM]
    return [mail.values["token"] for mail in mails if mail.kind is MailKind.VERIFY_EMAIL]


def test_f2_a_click_alone_gives_an_attacker_who_signed_up_first_nothing(service: Service, is_private: bool) -> None:
    attackers, owners = OTHER_PASSWORD, PASSWORD
    sign_up(service, attackers)
    attacker = None if is_private else service.api.sign_in(VICTIM, attackers)

    invalid(service.api.post(VERIFY, json={"token": links(service)[0]}), "password")
    invalid(service.api.post(VERIFY, json={"token": links(service)[0], "password": owners}), "password")
    assert sign_up(service, owners) == (202 if is_private else 409)
    assert service.api.post(VERIFY, json={"token": links(service)[1], "password": owners}).status_code == 204

    owner = service.api.sign_in(VICTIM, owners)
    assert owner.user["email_verified_at"] is not None
    problem(service.api.post(LOGIN, json={"email": VICTIM, "password": attackers}), 401, "invalid-credentials")
    if attacker is not None:
        problem(attacker.get("/api/v1/user"), 401, "invalid-token")
    assert len(service.dump()["users"]) == 1


def test_a6_a_newer_sign_up_takes_nothing_over_and_cannot_keep_the_owner_from_finishing(service: Service) -> None:
    attackers, owners = OTHER_PASSWORD, PASSWORD
    sign_up(service, owners)
    for _ in range(3):
        sign_up(service, attackers)

    newest = links(service)[-1]
    assert service.api.post(VERIFY, form={"token": newest, "password": owners}).status_code == 204

    service.api.sign_in(VICTIM, owners)
    problem(service.api.post(LOGIN, json={"email": VICTIM, "password": attackers}), 401, "invalid-credentials")
    for link in links(service):
        invalid(service.api.post(VERIFY, json={"token": link, "password": attackers}), "token")


def test_f11_a_sign_up_whose_answer_was_lost_is_mailed_again(service: Service, is_private: bool) -> None:
    answers = [sign_up(service, PASSWORD) for _ in range(2)]

    assert answers == ([202, 202] if is_private else [201, 409])
    assert len(links(service)) == 2
    assert service.api.post(VERIFY, json={"token": links(service)[1], "password": PASSWORD}).status_code == 204


@pytest.mark.parametrize("is_private", [False], indirect=True)
def test_the_accounts_own_access_token_needs_no_password_and_keeps_its_sessions(service: Service) -> None:
    sign_up(service, PASSWORD)
    here, there = service.api.sign_in(VICTIM), service.api.sign_in(VICTIM)

    assert here.post(VERIFY, json={"token": links(service)[0]}).status_code == 204

    assert there.user["email_verified_at"] is not None


@pytest.mark.parametrize("is_private", [False], indirect=True)
def test_an_access_token_that_is_no_longer_valid_is_as_good_as_none(service: Service) -> None:
    sign_up(service, PASSWORD)
    jane = service.api.sign_in(VICTIM)
    jane.post("/api/auth/logout")

    invalid(jane.post(VERIFY, json={"token": links(service)[0]}), "password")
    assert jane.post(VERIFY, json={"token": links(service)[0], "password": PASSWORD}).status_code == 204


@pytest.mark.parametrize("is_private", [False], indirect=True)
def test_a11_a_stolen_token_does_not_move_an_unverified_account(service: Service) -> None:
    sign_up(service, PASSWORD)
    stolen = service.api.sign_in(VICTIM)
    service.clock.pass_by(minutes=16)

    for path in ("/api/v1/user", "/api/users/current"):
        problem(stolen.put(path, json={"email": "thief@example.org"}), 403, "reauthentication-required")

    owner = service.api.sign_in(VICTIM)
    assert owner.put("/api/v1/user", json={"email": "moved@example.org"}).status_code == 200
    service.work()
    told = [(mail.to.address, dict(mail.values)) for mail in service.mails.delivered]
    assert [values for to, values in told if to == VICTIM and "token" not in values] == [
        {"happened_at": "2023-11-06T08:46:09.166789+00:00"}
    ]
