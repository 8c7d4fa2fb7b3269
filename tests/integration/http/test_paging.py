"""F4, F16: every list is read page by page to its end, while entries come and go, over every store."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest
from tests.integration.http.client import FORM, Client, Run, invalid
from tests.integration.http.conftest import OpenStore
from tests.integration.http.openapi import operations
from tests.integration.http.service import Service, serving

from accounts_core.model.notification import Notification
from accounts_core.model.policy import Policy, QuotaPolicy
from accounts_core.model.text import MAX_BODY
from accounts_core.model.verification import CardVerification, State
from accounts_core.testing.builders import a_membership, a_notification, a_user, a_verification
from accounts_core.use_cases.teams.list_interactions import MAX_PAGE_CHARACTERS
from accounts_sql.statements.queries import Query, Rows
from accounts_sql.statements.rows import NOTIFICATION
from accounts_sql.tables import notifications
from accounts_sql.units import AsyncSqlUnit

TEAMS, NOTIFICATIONS = "/api/v1/accounts", "/api/users/current/notifications"
FIRST: Final = 7
"""Entries at the beginning."""


class Environment:
    """Jane, with something in every list, and John, who gives it to her."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.john = service.api.sign_up("john@example.org", "John Roe")
        self.jane = service.api.sign_up()
        for address in ("jane@example.org", "john@example.org"):
            service.verify_email(address)
        self.team = self.found("Jane's", self.jane)
        self.people = 1_000_000  # far above the ids that the sequence of a shared PostgreSQL has given out

    def found(self, name: str, owner: Client) -> int:
        return int(owner.post(TEAMS, json={"name": name}).json()["data"]["id"])

    def keep(self, *entities: Any) -> None:
        async def add() -> None:
            async with self.service.stored.store.begin() as work:
                for each in entities:
                    match each:
                        case Notification():
                            await work.notifications.add(each)
                        case CardVerification():
                            await work.verifications.add(each)
                        case _:
                            await work.users.add(each)
                            await work.teams.add_member(a_membership(self.team, each.id))

        self.service.run(add())

    def add_team(self) -> None:
        self.found("Another", self.jane)

    def add_member(self) -> None:
        self.people += 1
        self.keep(a_user(self.people))

    def add_verification(self) -> None:
        self.people += 1
        now = self.service.clock.now()
        jane = self.jane.get("/api/v1/user").json()["data"]["id"]
        self.keep(a_verification(f"cv_{self.people}", jane, state=State.FAILED, created_at=now, updated_at=now))

    def add_interaction(self) -> None:
        self.jane.post(f"{TEAMS}/{self.team}/interactions", json={"body": "Hello."})

    def invite(self) -> None:
        team = self.found("John's", self.john)
        self.john.post(f"{TEAMS}/{team}/invitations", json={"email": "jane@example.org"})

    def invite_somebody(self) -> None:
        self.people += 1
        self.jane.post(f"{TEAMS}/{self.team}/invitations", json={"email": f"somebody{self.people}@example.org"})

    def sign_in(self) -> None:
        self.service.api.sign_in("jane@example.org")

    def remove_member(self, id: Any) -> None:
        assert self.jane.delete(f"{TEAMS}/{self.team}/members/{id}").status_code == 204

    def decline(self, id: Any) -> None:
        assert self.jane.post(f"/api/v1/user/invitations/{id}/decline").status_code == 204

    def delete(self, path: str) -> Callable[[Any], None]:
        def delete(id: Any) -> None:
            answer = self.jane.call("DELETE", f"{path}/{id}", json={})
            assert answer.status_code == 204, answer.text

        return delete


@attrs.frozen
class ListCase:
    path: Callable[[Environment], str]
    add: Callable[[Environment], None]
    remove: Callable[[Environment], Callable[[Any], None]] | None
    id: str = "id"


CASES: Final = {
    "listAccounts": ListCase(lambda w: TEAMS, Environment.add_team, lambda w: w.delete(TEAMS)),
    "listMembers": ListCase(lambda w: f"{TEAMS}/{w.team}/members", Environment.add_member, lambda w: w.remove_member),
    "listInteractions": ListCase(lambda w: f"{TEAMS}/{w.team}/interactions", Environment.add_interaction, None),
    "listInvitations": ListCase(
        lambda w: "/api/v1/user/invitations",
        Environment.invite,
        lambda w: w.decline,
    ),
    "listAccountInvitations": ListCase(
        lambda w: f"{TEAMS}/{w.team}/invitations",
        Environment.invite_somebody,
        lambda w: w.delete(f"{TEAMS}/{w.team}/invitations"),
    ),
    "listNotifications": ListCase(
        lambda w: NOTIFICATIONS, Environment.invite, lambda w: w.delete(NOTIFICATIONS), id="_id"
    ),
    "listVerifications": ListCase(
        lambda w: "/api/users/current/verifications", Environment.add_verification, None, id="_id"
    ),
    "listActivity": ListCase(lambda w: "/api/users/current/activity", Environment.add_team, None, id="_id"),
    "listSessions": ListCase(
        lambda w: "/api/auth/sessions", Environment.sign_in, lambda w: w.delete("/api/auth/sessions")
    ),
}


def entries(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return list(found["data"] if isinstance(found, dict) else found)


def next_of(answer: httpx.Response) -> str | None:
    """Return where the answer's `Link` leads to."""
    link = answer.headers.get("link")
    if link is None:
        return None
    assert link.startswith("<"), link
    assert link.endswith('>; rel="next"'), link
    return str(link[1:].partition(">")[0])


def position_of(answer: httpx.Response) -> str:
    link = next_of(answer)
    assert link is not None
    return parse_qs(urlsplit(link).query)["before"][0]


@pytest.fixture
def env(service: Service) -> Environment:
    return Environment(service)


def test_f16_every_list_of_the_api_is_paged_and_is_tried_here() -> None:
    lists = {
        each.spec["operationId"]
        for each in operations()
        if each.method == "GET" and each.spec["operationId"][:4] == "list"
    }
    paged = {each.spec["operationId"] for each in operations() if each.is_paged}

    assert paged == set(CASES)
    assert lists - paged == {"listPaymentMethods"}  # Stripe's list object, with `has_more` false
    for operation in operations():
        headers = operation.spec["responses"]["200"].get("headers", {}) if operation.method == "GET" else {}
        assert ("Link" in headers) is operation.is_paged


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_f4_a_list_is_read_to_its_end_while_entries_come_and_go(env: Environment, case: ListCase) -> None:
    """Also the entry that the page before ended with goes: five invitations, page by page, each of them accepted."""
    for _ in range(FIRST):
        case.add(env)
        env.service.clock.pass_by(milliseconds=1)
    path = case.path(env)
    at_first = [entry[case.id] for entry in entries(env.jane.get(path, params={"limit": 200}))]
    seen: list[Any] = []
    removed: set[Any] = set()
    url: str | None = f"{path}?limit=2"
    while url is not None:
        answer = env.jane.get(url)
        page = [entry[case.id] for entry in entries(answer)]
        assert 1 <= len(page) <= 2
        seen += page
        url = next_of(answer)
        case.add(env)
        last = entries(answer)[-1]
        if case.remove is not None and url is not None and not last.get("is_current"):
            gone = last[case.id]
            case.remove(env)(gone)
            removed.add(gone)
            invalid(env.jane.get(path, params={"before": gone}), "before")
        assert len(seen) < 60, "the pages never end"

    assert seen == at_first
    assert case.remove is None or len(removed) >= 2


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_f4_a_page_also_begins_after_the_id_of_an_entry(env: Environment, case: ListCase) -> None:
    for _ in range(3):
        case.add(env)
    path = case.path(env)
    whole = [entry[case.id] for entry in entries(env.jane.get(path))]

    rest = [entry[case.id] for entry in entries(env.jane.get(path, params={"before": whole[1]}))]
    last = env.jane.get(path, params={"before": whole[-1]})

    assert rest == whole[2:]
    assert (entries(last), next_of(last)) == ([], None)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_f4_what_is_no_position_of_this_list_is_refused_and_never_an_empty_page(
    env: Environment, case: ListCase
) -> None:
    for each in CASES.values():
        each.add(env)
    path = case.path(env)
    positions = {
        name: position_of(env.jane.get(each.path(env), params={"limit": 1}))
        for name, each in CASES.items()
        if len(entries(env.jane.get(each.path(env)))) > 1
    }
    while len(entries(env.jane.get(path))) < 2:
        case.add(env)
    mine = position_of(env.jane.get(path, params={"limit": 1}))
    bad = {
        "cut": mine[:-1],
        "longer": mine + "A",
        "padded": mine + "=",
        "changed": mine[:-6] + ("AAAAAA" if not mine.endswith("AAAAAA") else "BBBBBB"),
        "of a version to come": "p2" + mine[2:],
        "without a version": mine[3:],
        "nothing in it": "p1.",
        "a dot": ".",
        "an unknown number": "999999999",
        "an unknown id": "ntf_unknown",
        "not canonical": mine[:-1] + chr(ord(mine[-1]) + 1),
        **{name: position for name, position in positions.items() if position != mine},
    }
    for name, before in bad.items():
        answer = env.jane.get(path, params={"before": before})
        assert answer.status_code == 422, name
        invalid(answer, "before")


def test_f4_a_position_of_somebody_elses_list_is_refused(env: Environment) -> None:
    other = env.found("John's", env.john)
    for client, team in ((env.jane, env.team), (env.john, other)):
        for _ in range(2):
            client.post(f"{TEAMS}/{team}/interactions", json={"body": "Hello."})
    theirs = env.john.get(f"{TEAMS}/{other}/interactions", params={"limit": 1})

    path = f"{TEAMS}/{env.team}/interactions"
    invalid(env.jane.get(path, params={"before": position_of(theirs)}), "before")
    invalid(env.jane.get(path, params={"before": entries(theirs)[0]["id"]}), "before")
    johns = position_of(env.john.get("/api/users/current/activity", params={"limit": 1}))
    invalid(env.jane.get("/api/users/current/activity", params={"before": johns}), "before")


def test_f4_a_position_is_url_safe_and_tells_nothing_but_the_last_entrys_place(env: Environment) -> None:
    for _ in range(2):
        env.add_interaction()
    answer = env.jane.get(f"{TEAMS}/{env.team}/interactions", params={"limit": 1})

    position = position_of(answer)
    decoded = urlsafe_b64decode(position[3:] + "=" * (-len(position[3:]) % 4))

    assert position.startswith("p1.")
    assert position[3:].replace("-", "").replace("_", "").isalnum()
    assert len(position) < 100
    # a checksum of eight bytes, a letter, eight bytes of time, and the id that was just shown
    assert decoded[17:] == entries(answer)[0]["id"].encode()
    assert next_of(answer) == f"{TEAMS}/{env.team}/interactions?limit=1&before={position}"


def test_f16_there_is_a_link_only_where_there_is_more(env: Environment) -> None:
    for _ in range(3):
        env.add_team()

    assert next_of(env.jane.get(TEAMS, params={"limit": 4})) is None
    assert next_of(env.jane.get(TEAMS, params={"limit": 3})) is not None
    assert next_of(env.jane.get(TEAMS)) is None


def test_f16_notifications_are_a_plain_list_of_two_hundred_at_most(env: Environment) -> None:
    jane = env.jane.user["id"]
    many = [a_notification(f"ntf_{n:03}", jane) for n in range(203)]
    env.keep(*many)

    answer = env.jane.get(NOTIFICATIONS)
    rest = env.jane.get(str(next_of(answer)))

    assert [entry["_id"] for entry in answer.json()] == [f"ntf_{n:03}" for n in range(202, 2, -1)]
    assert [entry["_id"] for entry in rest.json()] == ["ntf_002", "ntf_001", "ntf_000"]
    assert next_of(rest) is None


def test_f16_a_notification_is_deleted_by_its_user_alone(env: Environment) -> None:
    env.keep(a_notification("ntf_mine", env.jane.user["id"]), a_notification("ntf_his", env.john.user["id"]))

    gone = env.jane.call("DELETE", f"{NOTIFICATIONS}/ntf_mine")
    assert (gone.status_code, gone.content) == (204, b"")
    assert entries(env.jane.get(NOTIFICATIONS)) == []
    for not_hers in ("ntf_mine", "ntf_his", "ntf_unknown"):
        assert env.jane.call("DELETE", f"{NOTIFICATIONS}/{not_hers}").status_code == 404
    assert [entry["_id"] for entry in entries(env.john.get(NOTIFICATIONS))] == ["ntf_his"]


def test_f16_a_page_of_interactions_ends_before_it_is_long(env: Environment) -> None:
    """Two hundred of 10,000 characters, each of six bytes as JSON, were 12 MB in one answer."""
    raw: dict[str, Any] = {"content": b"body=" + b"\x01" * MAX_BODY, "headers": {"content-type": FORM}}
    for _ in range(23):
        assert env.jane.post(f"{TEAMS}/{env.team}/interactions", **raw).status_code == 201
        env.service.clock.pass_by(seconds=1)

    pages, url = [], f"{TEAMS}/{env.team}/interactions?limit=200"
    while url:
        answer = env.jane.get(url)
        assert len(answer.content) < 6 * MAX_PAGE_CHARACTERS + 200 * 1_500
        pages.append(entries(answer))
        url = next_of(answer) or ""

    assert [len(page) for page in pages] == [10, 10, 3]
    assert len({entry["id"] for page in pages for entry in page}) == 23


@pytest.fixture
def crowd(run: Run, open_store: OpenStore) -> Iterator[Environment]:
    policy = Policy(quotas=QuotaPolicy(members=1000, notifications=100_000))
    with open_store("sqlite", run) as stored, serving(run, stored, policy=policy) as service:
        yield Environment(service)


def test_f16_a_page_reads_no_more_than_a_page_however_many_there_are(
    crowd: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """450 members and 50,000 notifications: counted are the rows that come out of the database."""
    members = [a_user(n) for n in range(1000, 1450)]
    crowd.keep(*members)
    jane = crowd.jane.user["id"]
    rows = [NOTIFICATION.values(a_notification(f"ntf_{n:05}", jane)) for n in range(50_000)]

    async def insert() -> None:
        async with crowd.service.stored.store.begin() as work:
            assert isinstance(work, AsyncSqlUnit)
            await work.connection.execute(notifications.insert(), rows)

    crowd.service.run(insert())
    fetched: list[int] = []
    check = Query.check

    def count(self: Query[Any], rows: Rows, asked: Mapping[str, Any]) -> None:
        fetched.append(len(rows))
        check(self, rows, asked)

    monkeypatch.setattr(Query, "check", count)

    assert len(entries(crowd.jane.get(NOTIFICATIONS))) == 200
    assert len(entries(crowd.jane.get(f"{TEAMS}/{crowd.team}/members"))) == 50
    assert len(entries(crowd.jane.get(f"{TEAMS}/{crowd.team}/members?limit=200"))) == 200
    assert max(fetched) == 201

    last = crowd.jane.get(NOTIFICATIONS, params={"before": "ntf_00150"})
    assert (len(entries(last)), next_of(last)) == (150, None)
    assert max(fetched) == 201
