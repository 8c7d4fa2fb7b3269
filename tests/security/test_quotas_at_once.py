"""ASVS 5.0, 2.3.4: however many calls come at the same moment, no quota is exceeded; on PostgreSQL they do overlap."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest
from tests.integration.http.client import Client, Run, together
from tests.integration.http.conftest import OpenStore
from tests.integration.http.service import Service, serving

from accounts_core.model.policy import Policy, QuotaPolicy

ACCOUNTS, INVITATIONS = "/api/v1/accounts", "/api/v1/user/invitations"
CALLS: Final = 8
MOST: Final = 2


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, run: Run, open_store: OpenStore) -> Iterator[Service]:
    quotas = QuotaPolicy(teams=MOST, invitations=CALLS, members=MOST)
    with open_store(request.param, run) as stored, serving(run, stored, policy=Policy(quotas=quotas)) as service:
        yield service


def person(service: Service, name: str) -> Client:
    client = service.api.sign_up(f"{name}@example.org")
    service.verify_email(f"{name}@example.org")
    return client


def test_one_user_founds_no_more_accounts_at_once_than_one_may_own(service: Service) -> None:
    jane = person(service, "jane")

    calls = [partial(jane.request, "POST", ACCOUNTS, json={"name": f"Team {n}"}) for n in range(CALLS)]
    answers = Counter(answer.status_code for answer in together(service.run, *calls))

    assert answers == {201: MOST, 409: CALLS - MOST}
    assert len(jane.get(ACCOUNTS).json()["data"]) == MOST


def test_no_more_accept_at_once_than_may_be_members(service: Service) -> None:
    owner = person(service, "owner")
    team = owner.post(ACCOUNTS, json={"name": "Team"}).json()["data"]["id"]
    guests = [person(service, f"guest{n}") for n in range(CALLS)]
    for n in range(CALLS):
        answer = owner.post(f"{ACCOUNTS}/{team}/invitations", json={"email": f"guest{n}@example.org"})
        assert answer.status_code == 202
    waiting = [guest.get(INVITATIONS).json()["data"][0]["id"] for guest in guests]

    calls = [
        partial(guest.request, "POST", f"{INVITATIONS}/{each}/accept")
        for guest, each in zip(guests, waiting, strict=True)
    ]
    answers = Counter(answer.status_code for answer in together(service.run, *calls))

    assert answers == {204: MOST, 409: CALLS - MOST}
    # the owner is in the list besides
    assert len(owner.get(f"{ACCOUNTS}/{team}/members").json()["data"]) == MOST + 1


def test_no_more_are_invited_at_once_than_may_be_open(service: Service) -> None:
    owner = person(service, "owner")
    team = owner.post(ACCOUNTS, json={"name": "Team"}).json()["data"]["id"]

    calls = [
        partial(owner.request, "POST", f"{ACCOUNTS}/{team}/invitations", json={"email": f"guest{n}@example.org"})
        for n in range(CALLS + 3)
    ]
    answers = Counter(answer.status_code for answer in together(service.run, *calls))

    assert answers == {202: CALLS, 409: 3}
    assert len(owner.get(f"{ACCOUNTS}/{team}/invitations").json()["data"]) == CALLS
