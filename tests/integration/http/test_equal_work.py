"""Where registration is private, no call is more work for an address that has an account than for one that has none.

The calls of every port and, in a database, every statement are compared, not the time that they take: that is what
`make timing` is for. The answers are the same to the byte.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

import attrs
import httpx
import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.service import Service, serving
from tests.integration.http.test_private_registration import same
from tests.integration.round_trips import RoundTrips
from tests.integration.watching import Calls, Watched, WatchedStore

from accounts_core.model.policy import Policy
from accounts_core.ports.mailer import MailKind
from accounts_memory import MemoryRateLimiter, PlainHasher

REGISTER, LOGIN, RESTORE = "/api/auth/register", "/api/auth/login", "/api/auth/restore"
FORGOT = "/api/auth/forgot-password"
INVITATIONS = "/api/v1/user/invitations"

# of one length, so that the lengths of answers can be compared
VERIFIED, UNVERIFIED, DEACTIVATED, MEMBER, UNKNOWN, WARM_UP = (
    f"{name}@example.org" for name in ("vera", "ulla", "dora", "mona", "nora", "wila")
)
OWNERS: Final = tuple(f"owner{number}@example.org" for number in range(7))
VALUE: Final = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
"""SQLite tells of its statements with the values in them."""
STANDINGS: Final = (VERIFIED, UNVERIFIED, DEACTIVATED, MEMBER)


@attrs.frozen
class Did:
    """What one call came to: the answer, what was asked of the ports, and what was said to the database."""

    answer: httpx.Response
    calls: Calls
    statements: list[str]


@attrs.frozen
class Environment:
    """A service with somebody of every standing in it, and what is asked of its ports."""

    service: Service
    calls: Calls
    owners: list[Client]
    team: str
    """The path of the first owner's team."""

    def invite(self, email: str) -> httpx.Response:
        return self.owners[0].post(f"{self.team}/invitations", json={"email": email})

    def do(self, call: Callable[[], httpx.Response]) -> Did:
        counter = self.service.stored.counter
        self.calls.clear()
        with counter.counting() if counter else nullcontext(RoundTrips()) as trips:
            answer = call()
        return Did(answer, [*self.calls], [VALUE.sub("?", statement) for statement in trips.statements])


@pytest.fixture(params=FAST_STORES)
def store_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def is_private() -> bool:
    return True


@pytest.fixture
def env(store_kind: str, is_private: bool, run: Run, open_store: OpenStore) -> Iterator[Environment]:
    calls: Calls = []
    with open_store(store_kind, run) as stored:
        store, hasher, limits = WatchedStore(stored.store, calls), PlainHasher(), MemoryRateLimiter()
        watched: Any = Watched(hasher, calls, "passwords")
        watched_limits: Any = Watched(limits, calls, "limits")
        with serving(
            run,
            attrs.evolve(stored, store=store),
            policy=Policy(private_registration=is_private),
            passwords=watched,
            limits=watched_limits,
        ) as service:
            yield populated(service, calls)


def populated(service: Service, calls: Calls) -> Environment:
    api = service.api
    for email in (*STANDINGS, *OWNERS):
        assert api.post(REGISTER, json=applicant(email)).status_code in {201, 202}
        service.work()
        if email != UNVERIFIED:
            service.verify_email(email)
    api.sign_in(DEACTIVATED).put("/api/users/current/deactivate")
    owners = [api.sign_in(email) for email in OWNERS]
    team = owners[0].post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
    env = Environment(service, calls, owners, f"/api/v1/accounts/{team}")
    env.invite(MEMBER)
    service.work()
    member = api.sign_in(MEMBER)
    (invitation,) = member.get(INVITATIONS).json()["data"]
    assert member.post(f"{INVITATIONS}/{invitation['id']}/accept").status_code == 204
    return env


def applicant(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "name": "Jane Doe"}


def assert_alike(env: Environment, call: Callable[[str], httpx.Response], known: tuple[str, ...], status: int) -> None:
    """Make the call for an address that nobody has, and for each that somebody has, and compare."""
    env.do(partial(call, WARM_UP))

    nobodys = env.do(partial(call, UNKNOWN))
    theirs = [env.do(partial(call, email)) for email in known]

    assert nobodys.answer.status_code == status
    assert nobodys.calls
    for did in theirs:
        assert did.calls == nobodys.calls
        assert did.statements == nobodys.statements
    assert same(nobodys.answer, *(did.answer for did in theirs))


def test_signing_up(env: Environment) -> None:
    assert_alike(env, lambda email: env.service.api.post(REGISTER, json=applicant(email)), STANDINGS, 202)


def test_signing_up_under_a_key_and_again(env: Environment) -> None:
    """F11: what is kept for the key does not depend on whether the address has an account either."""

    def sign_up(email: str, password: str = PASSWORD) -> httpx.Response:
        body = {**applicant(email), "password": password}
        return env.service.api.post(REGISTER, json=body, headers={"Idempotency-Key": "one"})

    assert_alike(env, sign_up, STANDINGS, 202)
    assert_alike(env, sign_up, STANDINGS, 202)
    assert_alike(env, lambda email: sign_up(email, OTHER_PASSWORD), STANDINGS, 422)


@pytest.mark.parametrize("is_private", [False, True], ids=["open", "private"])
@pytest.mark.parametrize("path", [LOGIN, RESTORE])
def test_signing_in_with_a_wrong_password(env: Environment, path: str) -> None:
    def guess(email: str) -> httpx.Response:
        return env.service.api.post(path, json={"email": email, "password": OTHER_PASSWORD})

    assert_alike(env, guess, STANDINGS, 401)


@pytest.mark.parametrize("path", [LOGIN, RESTORE])
def test_signing_in_with_the_right_password_of_an_address_that_was_never_verified(env: Environment, path: str) -> None:
    def sign_in(email: str) -> httpx.Response:
        return env.service.api.post(path, json={"email": email, "password": PASSWORD})

    assert_alike(env, sign_in, (UNVERIFIED,), 401)


def test_a_sign_in_that_fails_weighs_one_password(env: Environment) -> None:
    for email in (*STANDINGS, UNKNOWN):
        did = env.do(partial(env.service.api.post, LOGIN, json={"email": email, "password": OTHER_PASSWORD}))

        assert [call for call in did.calls if call.startswith("passwords.")] == ["passwords.verify"], email


def test_asking_for_a_new_password(env: Environment) -> None:
    assert_alike(env, lambda email: env.service.api.post(FORGOT, json={"email": email}), STANDINGS, 202)


def test_going_to_another_address(env: Environment) -> None:
    """Each by somebody else, because the first change makes a second one another thing."""
    owners = iter(zip(OWNERS, env.owners, strict=True))

    def move(email: str) -> httpx.Response:
        own, owner = next(owners)
        answer = owner.put("/api/v1/user", json={"email": email})
        shown = answer.json()["data"]
        assert (shown["email"], shown["pending_email"]) == (own, email)
        # what the person typed, and who they are, is all that differs
        alike = {**shown, "id": 0, "email": "", "pending_email": ""}
        del answer.headers["content-length"]
        return httpx.Response(answer.status_code, headers=answer.headers, json=alike)

    assert_alike(env, move, STANDINGS, 200)


def test_inviting(env: Environment) -> None:
    assert_alike(env, env.invite, STANDINGS, 202)


def test_inviting_again_somebody_who_declined_is_as_much_work_as_inviting_nobody_again(env: Environment) -> None:
    for email in (VERIFIED, UNKNOWN):
        env.invite(email)
    env.service.work()
    vera = env.service.api.sign_in(VERIFIED)
    (invitation,) = vera.get(INVITATIONS).json()["data"]
    vera.post(f"{INVITATIONS}/{invitation['id']}/decline")

    assert_alike(env, env.invite, (VERIFIED,), 202)


def test_the_worker_invites_and_the_address_finds_out(env: Environment) -> None:
    env.service.mails.delivered.clear()
    for email in (VERIFIED, UNVERIFIED, MEMBER, UNKNOWN):
        env.invite(email)

    env.service.work()

    mailed = {mail.to.address for mail in env.service.mails.delivered if mail.kind is MailKind.INVITATION}
    assert mailed == {VERIFIED, UNVERIFIED, UNKNOWN}
    vera = env.service.api.sign_in(VERIFIED)
    (invitation,) = vera.get(INVITATIONS).json()["data"]
    assert invitation["account"]["name"] == "Dev team"
    messages = [each["message"] for each in vera.get("/api/users/current/notifications").json()]
    assert messages == ["You invited to join Dev team."]


def test_an_invitation_that_waits_for_the_worker_goes_with_its_team(env: Environment) -> None:
    env.service.mails.delivered.clear()
    env.invite(VERIFIED)
    assert env.owners[0].delete(env.team).status_code == 204

    env.service.work()

    assert env.service.api.sign_in(VERIFIED).get(INVITATIONS).json() == {"data": []}
    assert not [mail for mail in env.service.mails.delivered if mail.kind is MailKind.INVITATION]
