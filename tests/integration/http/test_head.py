"""F10: HEAD answers as GET does, without a body, wherever there is GET (RFC 9110, 9.3.2)."""

from collections.abc import Iterator, Mapping
from contextlib import _AsyncGeneratorContextManager
from typing import Any

import httpx
import pytest
from litestar import Litestar
from tests.integration.http.client import Client, Run
from tests.integration.http.conftest import OpenStore
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import (
    START,
    Clock,
    Populated,
    accounts_over,
    memory_accounts,
    populate,
    serving,
)

from accounts_litestar import AccountsPlugin, create_app
from accounts_memory import MemoryGateway, MemoryStore
from accounts_memory.store import MemoryReader
from accounts_system import SystemSecrets

GETS = [each for each in operations() if each.method == "GET"]
OTHERS = [
    "/health/live",
    "/health/ready",
    "/verify-email",
    "/reset-password",
    "/schema",
    "/schema/openapi.json",
    "/nothing/here",
]
PER_ANSWER = {"x-request-id"}


@pytest.fixture
def populated(run: Run, open_store: OpenStore) -> Iterator[Populated]:
    with open_store("memory", run) as stored, serving(run, stored) as service:
        yield populate(service)


def shown(answer: httpx.Response) -> Mapping[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in PER_ANSWER}


def check_twins(client: Client, path: str, status: int | None = None) -> None:
    get, head = client.call("GET", path), client.call("HEAD", path)

    assert head.content == b""
    assert (head.status_code, shown(head)) == (get.status_code, shown(get))
    assert status in (None, head.status_code)
    if "export" not in path:
        assert int(head.headers["content-length"]) == len(get.content) > 0


@pytest.mark.parametrize("operation", GETS, ids=str)
def test_f10_head_has_the_status_and_the_headers_of_get(populated: Populated, operation: Operation) -> None:
    check_twins(populated.jane, operation.path_with(populated.ids), 200)


@pytest.mark.parametrize("operation", [each for each in GETS if each.needs_token], ids=str)
def test_f10_head_is_refused_as_get_is(populated: Populated, operation: Operation) -> None:
    check_twins(populated.service.api, operation.path_with(populated.ids), 401)
    if operation.is_paged:
        check_twins(populated.jane, operation.path_with(populated.ids) + "?limit=0", 422)


@pytest.mark.parametrize("path", OTHERS)
def test_f10_so_do_health_pages_and_the_specification(populated: Populated, path: str) -> None:
    check_twins(populated.service.api, path, 404 if path == "/nothing/here" else 200)


def test_f10_so_do_the_files_of_the_pages(populated: Populated) -> None:
    for page in ("/schema", "/verify-email"):
        text = populated.service.api.get(page).text
        asset = next(part for part in text.split('"') if "/" in part and part.endswith((".css", ".js")))
        check_twins(populated.service.api, asset, 200)


def test_f10_allow_lists_head_wherever_it_lists_get(populated: Populated) -> None:
    for path in [each.path_with(populated.ids) for each in GETS] + OTHERS[:-1]:
        answer = populated.jane.call("PATCH", path)
        allowed = set(answer.headers["allow"].split(", "))
        assert (answer.status_code, {"GET", "HEAD"} <= allowed) == (405, True), path
    writes = populated.jane.call("GET", "/api/auth/login")
    assert (writes.status_code, "HEAD" in writes.headers["allow"]) == (405, False)
    refused = populated.jane.call("HEAD", "/api/auth/login")
    assert (refused.status_code, refused.content) == (405, b"")


def test_f10_head_is_no_operation_of_its_own_in_the_document(populated: Populated) -> None:
    paths = populated.service.api.get("/schema/openapi.json").json()["paths"]

    assert not any("head" in item for item in paths.values())


class CountingStore(MemoryStore):
    """Counts the reads that are opened."""

    opened = 0

    def reader(self) -> _AsyncGeneratorContextManager[MemoryReader]:
        self.opened += 1
        return super().reader()


def test_f10_head_of_an_export_reads_none_of_its_pages(run: Run) -> None:
    clock = Clock(START)
    store = CountingStore()
    accounts = accounts_over(store, clock, MemoryGateway(clock, SystemSecrets()))
    app = Litestar([], plugins=[AccountsPlugin(accounts)], logging_config=None)

    async def take() -> tuple[httpx.Response, int]:
        await accounts.register(email="jane@example.org", password="a long and quiet river", name="Jane")
        entered = await accounts.sign_in(email="jane@example.org", password="a long and quiet river")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
            before = store.opened
            answer = await http.head("/api/users/current/export", headers={"Authorization": f"Bearer {entered.token}"})
            return answer, store.opened - before

    answer, reads = run(take())

    assert (answer.status_code, answer.content) == (200, b"")
    assert reads == 1  # whose token it is


def test_f10_the_plugin_answers_head_too(run: Run) -> None:
    """In an application of a host's, which is not wrapped."""
    accounts = memory_accounts()
    app = Litestar([], plugins=[AccountsPlugin(accounts)], logging_config=None)

    async def take() -> list[httpx.Response]:
        await accounts.register(email="jane@example.org", password="a long and quiet river", name="Jane")
        entered = await accounts.sign_in(email="jane@example.org", password="a long and quiet river")
        headers = {"Authorization": f"Bearer {entered.token}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a.test") as http:  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
            return [
                await http.request(method, path, headers=headers)
                for path in ("/api/v1/user", "/api/v1/accounts?limit=0", "/api/v1/accounts/9")
                for method in ("GET", "HEAD")
            ]

    answers = run(take())

    for get, head in zip(answers[::2], answers[1::2], strict=True):
        assert (head.status_code, head.content, dict(head.headers)) == (get.status_code, b"", dict(get.headers))
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422, 404, 404]


@pytest.mark.parametrize("path", ["/api/v1/user", "/api/v1/accounts/9", "/api/users/current/export", "/health/live"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["the service", "the plugin"])
def test_f10_no_byte_of_a_body_is_handed_to_the_server(run: Run, path: str, is_whole: bool) -> None:
    """Looked at below the client, which drops what comes."""
    accounts = memory_accounts()
    app = create_app(accounts) if is_whole else Litestar([], plugins=[AccountsPlugin(accounts)], logging_config=None)

    async def take() -> list[dict[str, Any]]:
        await accounts.register(email="jane@example.org", password="a long and quiet river", name="Jane")
        entered = await accounts.sign_in(email="jane@example.org", password="a long and quiet river")
        sent: list[dict[str, Any]] = []
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "HEAD",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"a.test"), (b"authorization", f"Bearer {entered.token}".encode())],
            "client": None,
            "server": ("a.test", 80),
            "extensions": {},
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
        return sent

    start, *rest = run(take())

    assert start["status"] == (404 if path.endswith("/9") or (path == "/health/live" and not is_whole) else 200)
    if start["status"] == 200 or "api" in path:
        assert [message.get("body", b"") for message in rest] == [b""]
