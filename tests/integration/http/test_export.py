"""A4: an export is sent while it is read, as fast as it is taken; one that breaks off does not look complete."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import Cookie
from tests.integration.http.client import Run
from tests.integration.http.service import Service, memory_accounts

from accounts_core.errors import Unavailable
from accounts_core.model.ids import UserId
from accounts_core.ports.store import Reader
from accounts_core.services.owned_data import PAGE_OF_LONG_TEXTS
from accounts_core.testing.builders import a_team, an_interaction
from accounts_core.testing.harness import keep
from accounts_litestar import AccountsPlugin, create_app
from accounts_sql import AsyncSqlStore

PATH = "/api/users/current/export"
PAGES = 8
BODY = "x" * 9_000
PAGE_BYTES = PAGE_OF_LONG_TEXTS * (len(BODY) + 200)


@attrs.define
class Exchange:
    """A server's side of one request, over ASGI."""

    scope: dict[str, Any]
    on_send: Callable[[dict[str, Any]], Any]
    sent: list[dict[str, Any]] = attrs.field(factory=list)
    gone: asyncio.Event = attrs.field(factory=asyncio.Event)
    asked: int = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        await self.on_send(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def is_complete(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


def scope_of(token: str | None, method: str = "GET") -> dict[str, Any]:
    headers = [(b"host", b"accounts.test")]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("192.0.2.1", 1),
        "server": ("accounts.test", 80),
        "state": {},
    }


@attrs.frozen
class Exporting:
    """Jane, who has written much, and the application."""

    service: Service
    app: Any
    token: str

    def run(self, on_send: Callable[[dict[str, Any]], Any], **how: Any) -> Exchange:
        async def run() -> Exchange:
            exchange = Exchange(scope_of(self.token, **how), on_send)
            self.exchanges.append(exchange)
            await self.app(exchange.scope, exchange.receive, exchange.send)
            return exchange

        return self.service.run(run())

    exchanges: list[Exchange] = attrs.field(factory=list)


@pytest.fixture
def exporting(service: Service) -> Exporting:
    jane = service.api.sign_up()
    user_id = UserId(service.run(service.accounts.find_user("jane@example.org")).id)
    written = [an_interaction(f"int_{n:04}", 900, user_id, body=BODY) for n in range(PAGES * PAGE_OF_LONG_TEXTS)]
    service.run(keep(service.stored.store, a_team(900, user_id), *written))
    assert jane.token is not None
    return Exporting(service, create_app(service.accounts), jane.token)


class Reads:
    """Counts the reads of a store, and fails the one of a number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Any, *, fail_at: int | None = None) -> None:
        self.count = 0
        read = store.reader

        @asynccontextmanager
        async def counted() -> AsyncIterator[Reader]:
            self.count += 1
            if self.count == fail_at:
                raise Unavailable("The database is away.")
            async with read() as reader:
                yield reader

        monkeypatch.setattr(store, "reader", counted)


async def nothing(_: dict[str, Any]) -> None:
    pass


def test_a4_at_most_a_page_is_read_beyond_what_the_client_has_taken(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch, exporting.service.stored.store)
    beyond: list[int] = []

    async def look(message: dict[str, Any]) -> None:
        before = reads.count
        await asyncio.sleep(0)  # as a client does that takes its time: everything else may go on
        await asyncio.sleep(0.001)
        beyond.append(reads.count - before)

    found = exporting.run(look)

    assert found.is_complete
    assert len(json.loads(found.body)["interactions"]) == PAGES * PAGE_OF_LONG_TEXTS
    assert set(beyond) == {0}
    assert max(len(message.get("body", b"")) for message in found.sent) <= PAGE_BYTES + 33 * 1024


def test_a4_no_connection_to_the_database_is_held_while_the_client_takes_its_time(exporting: Exporting) -> None:
    store = exporting.service.stored.store
    if not isinstance(store, AsyncSqlStore):
        pytest.skip("A store in memory has no connections.")
    pool: Any = store._source.pool  # type: ignore[union-attr]
    held: list[int] = []

    async def look(_: dict[str, Any]) -> None:
        held.append(pool.checkedout())

    assert exporting.run(look).is_complete
    assert set(held) == {0}


def test_a4_an_error_in_the_middle_leaves_a_document_that_is_not_complete(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    Reads(monkeypatch, exporting.service.stored.store, fail_at=16)

    found = exporting.run(nothing)

    assert found.sent[0]["status"] == 200
    assert len(found.sent) > 2
    assert not found.is_complete
    assert [message["type"] for message in found.sent].count("http.response.start") == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(found.body)


def test_a4_nothing_more_is_read_for_a_client_that_has_gone(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch, exporting.service.stored.store)

    read_when_it_left: list[int] = []

    async def leave(message: dict[str, Any]) -> None:
        if len(message.get("body", b"")) > PAGE_BYTES / 2:
            read_when_it_left.append(reads.count)
            exporting.exchanges[0].gone.set()
            await asyncio.sleep(0.001)

    found = exporting.run(leave)

    assert not found.is_complete
    assert read_when_it_left == [reads.count]


def test_an_export_has_the_headers_of_every_answer(exporting: Exporting) -> None:
    headers = dict(exporting.run(nothing).sent[0]["headers"])

    assert headers[b"content-type"] == b"application/json"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"
    assert len(headers[b"x-request-id"]) == 24
    assert b"content-length" not in headers


def test_who_is_refused_is_refused_before_the_first_byte(exporting: Exporting) -> None:
    nobody = attrs.evolve(exporting, token="acc_nothing").run(nothing)
    head = exporting.run(nothing, method="HEAD")

    assert [nobody.sent[0]["status"], head.sent[0]["status"]] == [401, 200]
    assert nobody.is_complete


def test_the_use_of_a_session_is_noted_after_an_export_too(exporting: Exporting) -> None:
    exporting.service.clock.pass_by(hours=1)

    assert exporting.run(nothing).is_complete

    (session,) = exporting.service.dump()["sessions"]
    assert session.last_used_at > session.created_at


def test_a_hosts_cookies_go_with_an_export(run: Run) -> None:
    accounts = memory_accounts()
    app = Litestar(
        [], plugins=[AccountsPlugin(accounts)], response_cookies=[Cookie(key="seen", value="yes")], logging_config=None
    )

    async def take() -> httpx.Response:
        await accounts.register(email="jane@example.org", password="a long and quiet river", name="Jane")
        entered = await accounts.sign_in(email="jane@example.org", password="a long and quiet river")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
            return await http.get(PATH, headers={"Authorization": f"Bearer {entered.token}"})

    answer = run(take())

    assert answer.cookies["seen"] == "yes"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["user"]["name"] == "Jane"
