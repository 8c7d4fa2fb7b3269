"""The calls of the API in a FastAPI application: bodies, methods, prefixes, streams, and a host's middlewares."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from tests.integration.fastapi.hosts import JANE, Host, TestClient, bearer, client_of, host_accounts
from tests.integration.http.client import JSON, PROBLEM, URN

from accounts_core.errors import ConfigurationError
from accounts_fastapi import FastAPIAccounts, HttpOptions
from accounts_fastapi.responses import StreamedResponse
from accounts_http.api.answers import Streamed

ME = "/api/users/current"
LIMIT = 16 * 1024


@pytest.fixture
def host() -> Host:
    return host_accounts()


@pytest.fixture
def app(host: Host) -> FastAPI:
    app = FastAPI()
    FastAPIAccounts(host.accounts).install(app)
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with client_of(app) as client:
        yield client


@pytest.fixture
def jane(client: TestClient, host: Host) -> dict[str, str]:
    return bearer(client, host.accounts)


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == PROBLEM
    return answer.status_code, answer.json()["type"].removeprefix(URN)


def chunks(size: int) -> Iterator[bytes]:
    """Yield a body whose length nobody declares."""
    body = b'{"email":"' + b"x" * (size - 12) + b'"}'
    for at in range(0, len(body), 1000):
        yield body[at : at + 1000]


@pytest.mark.parametrize(("size", "refused"), [(LIMIT, (422, "invalid-fields")), (LIMIT + 1, (413, "body-too-large"))])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
def test_a_body_is_read_up_to_its_limit(
    client: TestClient, size: int, refused: tuple[int, str], declared: bool
) -> None:
    body: Any = b"".join(chunks(size)) if declared else chunks(size)

    assert problem(client.post("/api/auth/login", content=body, headers={"content-type": JSON})) == refused


def test_what_is_over_the_limit_is_not_read(app: FastAPI) -> None:
    read = 0

    async def call() -> int:
        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 1000
            return {"type": "http.request", "body": b" " * 1000, "more_body": read < 1_000_000}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/api/auth/login", "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(call()) == 413
    assert read == 17_000


def test_a_limit_of_the_hosts_own_is_answered_in_the_same_way(host: Host) -> None:
    app = FastAPI(max_body_size=100)
    FastAPIAccounts(host.accounts).install(app)

    with client_of(app) as client:
        answer = client.post("/api/auth/login", content=chunks(500), headers={"content-type": JSON})

    assert answer.status_code == 413


def test_head_options_and_other_methods(client: TestClient, jane: dict[str, str]) -> None:
    got, head = client.get(ME, headers=jane), client.head(ME, headers=jane)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
    options = client.options(ME)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")
    for method in ("PATCH", "DELETE", "TRACE", "NONSENSE"):
        answer = client.request(method, ME, headers=jane)
        assert problem(answer) == (405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    streamed = client.head(f"{ME}/export", headers=jane)
    assert (streamed.status_code, streamed.content) == (200, b"")
    assert client.head("/verify-email").headers["content-length"] == str(len(client.get("/verify-email").content))


def test_a_method_of_the_host_on_the_same_path_is_the_hosts(host: Host) -> None:
    app = FastAPI()
    FastAPIAccounts(host.accounts).install(app)

    @app.patch(ME)
    async def patch() -> str:
        return "the host's"

    with client_of(app) as client:
        assert client.patch(ME).json() == "the host's"
        assert problem(client.get(ME)) == (401, "token-required")
        assert client.get("/api/auth/nothing").json() == {"detail": "Not Found"}


def test_a_write_under_a_key_is_done_once(client: TestClient, jane: dict[str, str]) -> None:
    keyed = {**jane, "Idempotency-Key": "k1"}

    first, again = (client.post("/api/v1/accounts", json={"name": "Dev"}, headers=keyed) for _ in range(2))

    assert first.status_code == 201
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert len(client.get("/api/v1/accounts", headers=jane).json()["data"]) == 1
    assert problem(client.post("/api/v1/accounts", json={"name": "Ops"}, headers=keyed)) == (422, "key-reused")


def at_a_prefix(auth: FastAPIAccounts[Any]) -> FastAPI:
    app = FastAPI()
    app.include_router(auth.router, prefix="/shop/x")
    return app


def in_a_mount(auth: FastAPIAccounts[Any]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with auth.lifespan():
            yield

    outer, inner = FastAPI(lifespan=lifespan), FastAPI()
    auth.install(inner)
    outer.mount("/out/er", inner)
    return outer


@pytest.mark.parametrize(
    ("make", "options", "root_path", "prefix"),
    [
        (at_a_prefix, {}, "", "/shop/x"),
        (in_a_mount, {}, "", "/out/er"),
        (in_a_mount, {"path": "/own"}, "", "/out/er/own"),
        (in_a_mount, {}, "/proxy", "/proxy/out/er"),
    ],
)
def test_links_lead_below_every_prefix(
    host: Host, make: Any, options: dict[str, Any], root_path: str, prefix: str
) -> None:
    app = make(FastAPIAccounts(host.accounts, options=HttpOptions(**options)))

    with client_of(app, root_path=root_path) as client:
        jane = bearer(client, host.accounts)
        path = f"{prefix}{ME}/activity"
        answer = client.get(f"{path}?limit=1", headers=jane)
        page = client.get(f"{prefix}/verify-email").text

    assert answer.headers["link"].startswith(f"<{path}?limit=1&before=")
    assert 'href="./pages/' in page


def test_the_same_prefix_twice_is_an_error(host: Host) -> None:
    """E32."""
    app = in_a_mount(FastAPIAccounts(host.accounts, options=HttpOptions(path="/out/er")))

    with client_of(app) as client, pytest.raises(ConfigurationError, match="adds the same prefix again"):
        client.get("/out/er/out/er" + ME)


@pytest.mark.parametrize(("trusted", "client"), [(True, "9.9.9.9"), (False, "10.0.0.7")])
def test_the_client_is_found_behind_trusted_proxies(host: Host, trusted: bool, client: str) -> None:
    proxies = (ip_network("10.0.0.0/8"),) if trusted else ()
    app = FastAPI()
    FastAPIAccounts(host.accounts, options=HttpOptions(trusted_proxies=proxies)).install(app)
    seen: list[str] = []

    @app.get("/seen")
    async def address(request: Request) -> str:
        assert request.client is not None
        return request.client.host

    with client_of(app, client=("10.0.0.7", 1234)) as calls:
        calls.post("/api/auth/register", json=JANE)
        forwarded = {"X-Forwarded-For": "1.1.1.1, 9.9.9.9, 10.0.0.8"}
        proof = {"email": JANE["email"], "password": JANE["password"]}
        token = calls.post("/api/auth/login", json=proof, headers=forwarded).json()["access_token"]
        activity = calls.get(f"{ME}/activity", headers={"Authorization": f"Bearer {token}"}).json()
        seen.append(calls.get("/seen", headers=forwarded).json())

    assert next(each["details"] for each in activity if each["action"] == "signed_in")["client"] == client
    assert seen == ["10.0.0.7"]  # the host's requests stay as they are


def test_a_client_that_goes_away_ends_the_stream() -> None:
    sent: list[Any] = []
    closed: list[int] = []

    async def parts() -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(100):
                yield b"x"
        finally:
            closed.append(len(sent))

    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            gone.set()
        for _ in range(5):
            await asyncio.sleep(0)

    async def answer() -> None:
        await StreamedResponse(Streamed(parts(), status=200), is_head=False)({"type": "http"}, receive, send)

    asyncio.run(answer())

    assert [each.get("more_body") for each in sent] == [None, True, True]  # no end: the client would see a whole one
    assert closed == [3]


async def passing(request: Request, call_next: Any) -> Any:
    return await call_next(request)


def test_the_calls_work_within_a_hosts_middlewares(host: Host) -> None:
    app = FastAPI()
    FastAPIAccounts(host.accounts).install(app)
    app.add_middleware(GZipMiddleware, minimum_size=10)
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_headers=["*"], allow_methods=["*"])

    with client_of(app) as client:
        jane = bearer(client, host.accounts)
        host.clock.pass_by(minutes=6)
        answer = client.get(ME, headers={**jane, "Origin": "https://shop.example"})
        assert (answer.status_code, answer.json()["name"]) == (200, "Jane Doe")
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        export = client.get(f"{ME}/export", headers=jane)
        assert (export.headers["content-encoding"], export.json()["user"]["name"]) == ("gzip", "Jane Doe")
        preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"}
        assert client.options(ME, headers=preflight).status_code == 200
        body = client.post("/api/auth/login", content=chunks(LIMIT + 1), headers={"content-type": JSON})
        assert problem(body) == (413, "body-too-large")
    (session,) = host.store._state.sessions.rows.values()
    assert session.last_used_at == host.clock.now()


def test_a_dependency_of_the_including_application_is_asked_first(host: Host) -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host.accounts)
    seen: list[str] = []

    async def guard(request: Request) -> None:
        seen.append(f"{request.method} {request.scope['route'].path} {request.path_params}")
        if request.method in {"HEAD", "DELETE"}:
            raise HTTPException(418)

    app.include_router(auth.router, dependencies=[Depends(guard)])

    with client_of(app) as client:
        jane = bearer(client, host.accounts)
        assert client.get(ME, headers=jane).status_code == 200
        assert client.head(ME, headers=jane).status_code == 418
        assert client.delete("/api/auth/sessions/ses_1", headers=jane).status_code == 418
        assert client.post("/api/auth/login", json={}).status_code == 422
    assert seen == [
        f"GET {ME} {{}}",
        f"HEAD {ME} {{}}",
        "DELETE /api/auth/sessions/{id} {'id': 'ses_1'}",
        "POST /api/auth/login {}",
    ]


def test_a_dependency_that_has_read_the_body_leaves_it_to_the_call(host: Host) -> None:
    app = FastAPI()
    auth = FastAPIAccounts(host.accounts)

    async def audit(request: Request) -> None:
        assert await request.body()

    app.include_router(auth.router, dependencies=[Depends(audit)])

    with client_of(app) as client:
        assert client.post("/api/auth/register", json=JANE).status_code == 201


def test_the_slash_at_the_end_is_redirected_as_fastapi_does(client: TestClient, jane: dict[str, str]) -> None:
    answer = client.get(ME + "/", headers=jane, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (307, f"http://testserver{ME}")


def test_a_bug_is_a_problem_document_and_in_the_log(
    client: TestClient, jane: dict[str, str], host: Host, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(type(host.store), "reader", broken)
    answer = client.get(ME, headers=jane)

    assert problem(answer) == (500, "internal-error")
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == f"GET {ME} failed."
    assert jane["Authorization"] not in caplog.text
