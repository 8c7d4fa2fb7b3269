"""Who is signed in, on a FastAPI host's own routes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect
from tests.integration.fastapi.hosts import Host, TestClient, bearer, client_of, host_accounts
from tests.integration.http.client import PROBLEM, URN
from tests.integration.round_trips import RoundTripCounter

from accounts_core import Policy, User, UserId
from accounts_core.errors import ConfigurationError, EmailTaken, InvalidToken, NotFound
from accounts_core.results import Caller
from accounts_fastapi import FastAPIAccounts
from accounts_sql import AsyncSqlStore, create_async_engine, migrate


def application(auth: FastAPIAccounts[Any], **how: Any) -> FastAPI:
    app = FastAPI(**how)

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> dict[str, str]:
        return {"name": user.name}

    @app.get("/sync")
    def sync(user: Annotated[User, Depends(auth.current_user)]) -> dict[str, str]:
        return {"name": user.name}

    @app.get("/maybe")
    async def maybe(user: Annotated[User | None, Depends(auth.optional_user)]) -> dict[str, str | None]:
        return {"name": user.name if user else None}

    @app.get("/maybe-session")
    async def maybe_session(caller: Annotated[Caller | None, Depends(auth.optional_session)]) -> dict[str, str | None]:
        return {"session": caller.session.id if caller else None}

    @app.post("/sensitive")
    async def sensitive(user: Annotated[User, Depends(auth.recent_user)]) -> dict[str, str]:
        return {"name": user.name}

    @app.get("/all")
    async def everything(
        user: Annotated[User, Depends(auth.current_user)],
        maybe: Annotated[User | None, Depends(auth.optional_user)],
        recent: Annotated[User, Depends(auth.recent_user)],
        caller: Annotated[Caller, Depends(auth.current_session)],
        maybe_caller: Annotated[Caller | None, Depends(auth.optional_session)],
        recent_caller: Annotated[Caller, Depends(auth.recent_session)],
    ) -> bool:
        assert user is maybe is recent is caller.user
        assert caller is maybe_caller is recent_caller
        return True

    @app.websocket("/ws")
    async def socket(websocket: WebSocket, user: Annotated[User, Depends(auth.current_user)]) -> None:
        await websocket.accept()
        await websocket.send_text(user.name)
        await websocket.close()

    return app


@pytest.fixture
def host() -> Host:
    return host_accounts()


@pytest.fixture
def auth(host: Host) -> FastAPIAccounts[Any]:
    return FastAPIAccounts(host.accounts)


@pytest.fixture
def app(auth: FastAPIAccounts[Any]) -> FastAPI:
    app = application(auth)
    auth.install(app)
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with client_of(app) as client:
        yield client


@pytest.fixture
def jane(client: TestClient, host: Host) -> dict[str, str]:
    return bearer(client, host.accounts)


@pytest.mark.parametrize("path", ["/me", "/sync", "/maybe"])
def test_the_signed_in_user_is_an_argument(client: TestClient, jane: dict[str, str], path: str) -> None:
    answer = client.get(path, headers=jane)

    assert (answer.status_code, answer.json()) == (200, {"name": "Jane Doe"})


@pytest.mark.parametrize(
    ("path", "headers", "status", "name", "challenge"),
    [
        ("/me", {}, 401, "token-required", "Bearer"),
        ("/sync", {}, 401, "token-required", "Bearer"),
        ("/me", {"Authorization": "Basic amFuZTpwYXNz"}, 401, "token-required", "Bearer"),
        ("/me", {"Authorization": "Bearer acc_wrong"}, 401, "invalid-token", 'Bearer error="invalid_token"'),
        ("/maybe", {"Authorization": "Bearer acc_wrong"}, 401, "invalid-token", 'Bearer error="invalid_token"'),
        ("/sensitive", {}, 401, "token-required", "Bearer"),
        ("/me?access_token=acc_x", {"Authorization": "Bearer acc_x"}, 400, "malformed-request", None),
        ("/me?access_token=acc_x", {}, 401, "token-required", "Bearer"),
    ],
)
def test_a_request_without_a_valid_token_gets_a_problem(
    client: TestClient, path: str, headers: dict[str, str], status: int, name: str, challenge: str | None
) -> None:
    answer = client.request("POST" if path == "/sensitive" else "GET", path, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, URN + name)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers.get("www-authenticate") == challenge
    assert answer.headers["cache-control"] == "no-store"


def test_two_authorization_headers_are_refused_on_every_route(client: TestClient, jane: dict[str, str]) -> None:
    twice = [("Authorization", jane["Authorization"]), ("Authorization", jane["Authorization"])]

    for path in ("/me", "/maybe"):
        answer = client.get(path, headers=twice)
        assert (answer.status_code, answer.json()["type"]) == (400, URN + "malformed-request")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic amFuZTpwYXNz"}])
def test_an_optional_user_is_none_without_a_token(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/maybe", headers=headers).json() == {"name": None}
    assert client.get("/maybe-session", headers=headers).json() == {"session": None}


def test_a_sensitive_route_wants_a_recent_sign_in(client: TestClient, host: Host, jane: dict[str, str]) -> None:
    host.clock.advance(Policy().reauthentication)
    assert client.post("/sensitive", headers=jane).status_code == 200

    host.clock.pass_by(microseconds=1)
    answer = client.post("/sensitive", headers=jane)

    assert (answer.status_code, answer.json()["type"]) == (403, URN + "reauthentication-required")
    assert answer.json()["detail"] == "Sign in again: this needs a recent sign-in."
    assert client.get("/me", headers=jane).status_code == 200


def test_a_session_that_ended_is_refused_at_once(client: TestClient, host: Host, jane: dict[str, str]) -> None:
    assert client.get("/me", headers=jane).status_code == 200
    assert client.portal is not None
    client.portal.call(host.accounts.end_all_sessions, UserId(1))

    assert client.get("/me", headers=jane).status_code == 401


def test_all_dependencies_of_a_request_are_one_statement_and_the_touch_is_after_the_answer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    migrate(url)
    engine = create_async_engine(url)
    host = host_accounts(AsyncSqlStore(engine))
    auth = FastAPIAccounts(host.accounts)
    app = application(auth)
    auth.install(app)
    with RoundTripCounter(engine) as counter, client_of(app) as client:
        jane = bearer(client, host.accounts)
        client.get("/all", headers=jane)
        with counter.counting() as trips:
            assert client.get("/all", headers=jane).json() is True
        assert trips.count == 1, trips.statements

        host.clock.pass_by(minutes=6)
        assert client.portal is not None
        at_the_answer: list[int] = []

        async def call(counted: Any) -> None:
            """Call as a server does, which sees the answer before what follows it."""
            raw = [(name.lower().encode(), value.encode()) for name, value in jane.items()]
            scope = {"type": "http", "method": "GET", "path": "/all", "headers": raw, "query_string": b""}

            async def receive() -> dict[str, Any]:
                await asyncio.sleep(0)
                return {"type": "http.request"}

            async def send(message: Any) -> None:
                if message["type"] == "http.response.body":
                    at_the_answer.append(counted.count)

            await app(scope, receive, send)

        with counter.counting() as trips:
            client.portal.call(call, trips)
        assert at_the_answer == [1]
        assert [s.split()[0] for s in trips.statements] == ["SELECT", "BEGIN", "UPDATE", "COMMIT"], trips.statements
        with counter.counting() as trips:
            client.get("/all", headers=jane)
        assert trips.count == 1, trips.statements
        client.portal.call(engine.dispose)


@pytest.mark.parametrize("name", ["current_user", "current_session", "recent_user", "recent_session"])
def test_an_application_in_which_nobody_could_sign_in_is_refused(auth: FastAPIAccounts[Any], name: str) -> None:
    app = FastAPI(dependencies=[Depends(getattr(auth, name))])

    with pytest.raises(ConfigurationError, match="nobody could sign in"):
        auth.install(app)


def test_an_application_may_look_at_the_user_of_every_route(auth: FastAPIAccounts[Any], host: Host) -> None:
    app = application(auth, dependencies=[Depends(auth.optional_user)])
    auth.install(app)

    with client_of(app) as client:
        assert client.get("/api/users/current", headers=bearer(client, host.accounts)).status_code == 200


def test_a_request_with_a_copied_scope_has_the_user_of_its_own_token(host: Host) -> None:
    """As hosts do that answer a batch of requests."""
    auth = FastAPIAccounts(host.accounts)
    app = application(auth)
    auth.install(app)

    @app.get("/batch")
    async def batch(request: Request, user: Annotated[User, Depends(auth.current_user)], token: str) -> list[str]:
        headers = [(b"authorization", f"Bearer {token}".encode())]
        answered: list[str] = [user.name]

        async def send(message: Any) -> None:
            answered.append(str(message["status"]) if "status" in message else message["body"].decode())

        await app({**request.scope, "path": "/me", "raw_path": b"/me", "headers": headers}, request.receive, send)
        return answered

    with client_of(app) as client:
        jane, other = bearer(client, host.accounts), bearer(client, host.accounts, email="other@example.org")
        assert client.portal is not None
        client.portal.call(rename, host, 2)
        token = other["Authorization"].partition(" ")[2]

        assert client.get("/batch", headers=jane, params={"token": token}).json() == [
            "Jane Doe",
            "200",
            '{"name":"John Doe"}',
        ]
        assert client.get("/batch", headers=jane, params={"token": "junk"}).json()[:2] == ["Jane Doe", "401"]


async def rename(host: Host, user_id: int) -> None:
    await host.accounts.update_profile(UserId(user_id), name="John Doe")


def test_a_websocket_has_the_user_and_touches_the_session(client: TestClient, host: Host, jane: dict[str, str]) -> None:
    host.clock.pass_by(minutes=6)

    with client.websocket_connect("/ws", headers=jane) as socket:
        assert socket.receive_text() == "Jane Doe"

    (session,) = host.store._state.sessions.rows.values()
    assert session.last_used_at == host.clock.now()


def test_a_websocket_without_a_token_is_refused_with_the_problem(client: TestClient) -> None:
    with pytest.raises(Exception) as caught, client.websocket_connect("/ws"):  # noqa: PT011  an httpx response
        pytest.fail("It was accepted.")

    refused: Any = caught.value
    assert (refused.status_code, refused.json()["type"]) == (401, URN + "token-required")


def test_a_websocket_is_closed_where_the_server_cannot_send_a_response(app: FastAPI) -> None:
    sent: list[Any] = []

    async def call() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b""}
        await app(scope, receive, send)

    asyncio.run(call())

    reason = "Send an access token: Authorization: Bearer <token>."
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": reason}]


def test_an_error_on_an_open_websocket_closes_it(app: FastAPI) -> None:
    @app.websocket("/late")
    async def late(websocket: WebSocket) -> None:
        await websocket.accept()
        raise EmailTaken("jane@example.org")

    with (
        client_of(app) as client,
        client.websocket_connect("/late") as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_text()

    assert (closed.value.code, closed.value.reason) == (1008, "This email address already has an account.")


def test_a_test_of_a_host_overrides_the_user(app: FastAPI, auth: FastAPIAccounts[Any], host: Host) -> None:
    user = asyncio.run(host.accounts.register(email="ann@example.org", password="a long and quiet river", name="Ann"))
    app.dependency_overrides[auth.current_user] = lambda: user

    with client_of(app) as client:
        assert client.get("/me").json() == {"name": "Ann"}


def test_the_routes_are_protected_in_the_hosts_document(app: FastAPI) -> None:
    document = app.openapi()

    for path, item in document["paths"].items():
        if path.startswith("/api/"):
            continue
        for operation in item.values():
            assert {"accountsBearer": []} in operation["security"], path
    assert document["components"]["securitySchemes"]["accountsBearer"]["scheme"] == "bearer"


# ---- errors of the accounts in a host's own handlers


def refusing(app: FastAPI, error: Exception) -> None:
    @app.get("/refusing")
    async def refusing() -> None:
        raise error


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (EmailTaken("jane@example.org"), 409, "email-taken"),
        (NotFound("user"), 404, "not-found"),  # whom the host looked up, not who is signed in
        (NotFound("team"), 404, "not-found"),
        (InvalidToken(), 401, "invalid-token"),
    ],
)
def test_an_error_of_the_accounts_is_answered_with_its_problem(
    app: FastAPI, error: Exception, status: int, name: str
) -> None:
    refusing(app, error)

    with client_of(app) as client:
        answer = client.get("/refusing")

    assert (answer.status_code, answer.json()["type"]) == (status, URN + name)


def test_a_wrong_configuration_is_a_bug_like_any_other(app: FastAPI) -> None:
    refusing(app, ConfigurationError("no tables"))

    with client_of(app) as client, pytest.raises(ConfigurationError, match="no tables"):
        client.get("/refusing")


async def teapot(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"host": type(error).__name__}, 418)


@pytest.mark.parametrize("early", [True, False], ids=["registered before", "registered after"])
@pytest.mark.parametrize("cls", [InvalidToken.__mro__[1], EmailTaken])
def test_a_hosts_own_handler_stays(auth: FastAPIAccounts[Any], cls: type[Exception], early: bool) -> None:
    app = application(auth)
    if early:
        app.add_exception_handler(cls, teapot)
    auth.install(app)
    if not early:
        app.add_exception_handler(cls, teapot)
    refusing(app, EmailTaken("jane@example.org"))

    with client_of(app) as client:
        assert (client.get("/refusing").status_code, client.get("/refusing").json()) == (418, {"host": "EmailTaken"})


def test_other_errors_of_the_host_are_answered_as_before(auth: FastAPIAccounts[Any]) -> None:
    def calls(app: FastAPI) -> list[tuple[int, Any, Any]]:
        @app.get("/refused")
        async def refused() -> None:
            raise HTTPException(402, {"pay": "first"}, {"x-host": "1"})

        @app.get("/items/{number}")
        async def item(number: int) -> int:
            return number

        with client_of(app) as client:
            paths = ["/refused", "/items/x", "/items/1", "/nothing", "/refused/"]
            answers = [client.get(path, follow_redirects=False) for path in paths]
            answers.append(client.delete("/items/1"))
            return [(each.status_code, each.content, each.headers.get("x-host")) for each in answers]

    without, with_accounts = FastAPI(), FastAPI()
    auth.install(with_accounts)

    assert calls(with_accounts) == calls(without)


def test_without_the_handlers_a_websocket_is_closed(auth: FastAPIAccounts[Any]) -> None:
    with (
        client_of(application(auth)) as client,
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/ws"),
    ):
        pytest.fail("It was accepted.")

    assert closed.value.code == 1008


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer acc_wrong"}])
def test_without_the_handlers_fastapis_own_exception_says_the_same(
    auth: FastAPIAccounts[Any], headers: dict[str, str]
) -> None:
    app = application(auth)  # not installed

    with client_of(app) as client:
        answer = client.get("/me", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"detail"}


def test_tasks_of_the_host_run_as_well(auth: FastAPIAccounts[Any], host: Host) -> None:
    app = FastAPI()
    ran: list[str] = []

    @app.get("/tasks")
    async def tasks(user: Annotated[User, Depends(auth.current_user)], tasks: BackgroundTasks) -> None:
        tasks.add_task(ran.append, user.name)

    auth.install(app)
    with client_of(app) as client:
        jane = bearer(client, host.accounts)
        host.clock.pass_by(minutes=6)
        assert client.get("/tasks", headers=jane).status_code == 200

    assert ran == ["Jane Doe"]
    (session,) = host.store._state.sessions.rows.values()
    assert session.last_used_at == host.clock.now()
