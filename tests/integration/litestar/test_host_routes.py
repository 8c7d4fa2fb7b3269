"""Dependencies and guards of a host's own routes, and how they are refused and documented."""

import logging
from typing import Any

import pytest
from litestar import Controller, MediaType, Request, Response, Router, WebSocket, get, websocket
from litestar.config.csrf import CSRFConfig
from litestar.config.response_cache import ResponseCacheConfig
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, WebSocketDisconnect
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult, DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.params import FromQuery
from tests.integration.http.client import problem
from tests.integration.litestar.hosts import CUSTOMER, ROUTES, bearer, client_of, host, host_accounts, public

from accounts_core import User
from accounts_core.errors import ConfigurationError, InvalidToken, NotFound, Unavailable
from accounts_core.results import Caller
from accounts_litestar import AccountsPlugin, HttpOptions, Refused
from accounts_memory import MemoryStore


class CountedStore(MemoryStore):
    """Counts reads of sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def reader(self) -> Any:
        self.reads += 1
        return super().reader()


def test_a_handler_gets_the_signed_in_user_with_the_hosts_profile() -> None:
    parts = host_accounts(profile_type=CUSTOMER)
    with client_of(host(AccountsPlugin(parts.accounts), *ROUTES)) as client:
        jane = bearer(client)

        assert client.get("/me", headers=jane).json() == {"name": "Jane Doe", "company": "none"}
        assert client.get("/maybe", headers=jane).json() == {"name": "Jane Doe"}
        assert client.get("/maybe").json() == {"name": None}
        assert client.get("/session", headers=jane).json()["name"] == "Jane Doe"
        assert client.get("/sessions", headers=jane).json() == {"same": True}
        assert client.post("/dangerous", headers=jane).json() == {"name": "Jane Doe"}
        assert client.get("/open").text == "open"


@pytest.mark.parametrize("debug", [False, True])
def test_a_request_without_a_valid_token_is_refused_with_our_problem(debug: bool) -> None:
    with client_of(host(AccountsPlugin(host_accounts().accounts), *ROUTES, debug=debug)) as client:
        for path in ("/me", "/session", "/sessions"):
            refused = client.get(path)
            problem(refused, 401, "token-required")
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.headers["cache-control"] == "no-store"
        for path in ("/me", "/maybe", "/session", "/sessions"):
            refused = client.get(path, headers={"Authorization": "Bearer acs_nothing"})
            problem(refused, 401, "invalid-token")
            assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            twice = client.get(f"{path}?access_token=x", headers={"Authorization": "Bearer x"})
            problem(twice, 400, "malformed-request")


def test_an_old_sign_in_is_not_recent() -> None:
    parts = host_accounts()
    with client_of(host(AccountsPlugin(parts.accounts), *ROUTES)) as client:
        jane = bearer(client)
        parts.clock.pass_by(minutes=15)
        assert client.post("/dangerous", headers=jane).status_code == 200
        parts.clock.pass_by(microseconds=1)

        problem(client.post("/dangerous", headers=jane), 403, "reauthentication-required")
        problem(client.get("/sessions", headers=jane), 403, "reauthentication-required")
        assert client.get("/maybe", headers=jane).status_code == 200


def test_a_request_reads_the_store_once_however_many_ask() -> None:
    store = CountedStore()
    auth = AccountsPlugin(host_accounts(store).accounts)

    async def cart(current_user: NamedDependency[User]) -> str:
        return f"cart of {current_user.name}"

    @get(
        "/all",
        guards=[auth.signed_in, auth.signed_in_recently],
        dependencies={"cart": Provide(cart), "again": auth.current_user},
    )
    async def everything(
        current_user: NamedDependency[User],
        optional_user: NamedDependency[User | None],
        recent_user: NamedDependency[User],
        current_session: NamedDependency[Caller],
        optional_session: NamedDependency[Caller | None],
        recent_session: NamedDependency[Caller],
        cart: NamedDependency[str],
        again: NamedDependency[User],
    ) -> dict[str, Any]:
        assert current_user is again is recent_user is optional_user is current_session.user
        assert current_session is recent_session is optional_session
        return {"cart": cart}

    with client_of(host(auth, everything)) as client:
        jane = bearer(client)
        store.reads = 0

        assert client.get("/all", headers=jane).json() == {"cart": "cart of Jane Doe"}
        assert store.reads == 1
        store.reads = 0
        problem(client.get("/all", headers={"Authorization": "Bearer acs_" + "a" * 43}), 401, "invalid-token")
        assert store.reads <= 1


def test_the_use_of_a_session_is_recorded_after_the_answer() -> None:
    parts = host_accounts()
    order: list[str] = []

    class Watched(MemoryStore):
        def begin(self) -> Any:
            order.append("write")
            return super().begin()

    parts = host_accounts(Watched())

    async def before_send(message: Any, scope: Any) -> None:
        if message["type"] == "http.response.body":
            order.append("answer")

    with client_of(host(AccountsPlugin(parts.accounts), *ROUTES, before_send=[before_send])) as client:
        jane = bearer(client)
        parts.clock.pass_by(days=13)
        order.clear()

        assert client.get("/maybe", headers=jane).status_code == 200
        assert order == ["answer", "write"]
        parts.clock.pass_by(days=13)  # which would be more than the 14 days without use
        assert client.get("/maybe", headers=jane).status_code == 200
        order.clear()
        assert client.get("/maybe", headers=jane).status_code == 200
        assert order == ["answer"], "it is not due again"


# what else a host has


def test_the_hosts_own_dependency_of_the_name_is_kept() -> None:
    async def current_user() -> str:
        return "mine"

    @get("/mine")
    async def mine(current_user: NamedDependency[str]) -> str:
        return current_user

    async def another() -> str:
        return "mine"

    @get("/lower", dependencies={"optional_user": Provide(another)})
    async def lower(optional_user: NamedDependency[str]) -> str:
        return optional_user

    auth = AccountsPlugin(host_accounts().accounts)
    with client_of(host(auth, mine, lower, dependencies={"current_user": Provide(current_user)})) as client:
        assert client.get("/mine").text == "mine"
        assert client.get("/lower").text == "mine"
        spec = client.get("/schema/openapi.json").json()["paths"]
        assert "security" not in spec["/mine"]["get"]
        assert "security" not in spec["/lower"]["get"]


def test_guards_of_an_application_a_router_and_a_controller_let_out_whom_the_host_lets_out() -> None:
    auth = AccountsPlugin(host_accounts().accounts)

    @get("/open", opt={"exclude_from_auth": True})
    async def is_open() -> str:
        return "open"

    class Things(Controller):
        path = "/things"
        guards = [auth.signed_in]  # noqa: RUF012  as Litestar's controllers are written

        @get("/")
        async def closed(self) -> str:
            return "closed"

        @get("/open", opt={"exclude_from_auth": True})
        async def is_open(self) -> str:
            return "open"

    router = Router("/r", route_handlers=[is_open, Things], guards=[auth.signed_in])
    by_app = host(auth, is_open, Things, Router("/r", route_handlers=[public]), guards=[auth.signed_in])
    for app, closed, opened in (
        (host(auth, Things), ["/things"], ["/things/open"]),
        (host(auth, router), ["/r/things"], ["/r/open", "/r/things/open"]),
        (by_app, ["/things", "/r/open"], ["/open", "/things/open", "/verify-email"]),
    ):
        with client_of(app) as client:
            for path in closed:
                problem(client.get(path), 401, "token-required")
            for path in opened:
                assert client.get(path).status_code == 200, path
    # the calls of the API check tokens themselves: nobody could sign in otherwise
    with client_of(by_app) as client:
        jane = bearer(client, email="john@example.org")
        assert client.get("/things", headers=jane).text == "closed"
        assert client.get("/api/users/current", headers=jane).status_code == 200


def test_a_hosts_own_authentication_leaves_the_calls_of_the_api_alone() -> None:
    class Own(AbstractAuthenticationMiddleware):
        async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
            if connection.headers.get("x-key") != "right":
                raise HTTPException("no key", status_code=401)
            return AuthenticationResult(user=None, auth=None)

    auth = AccountsPlugin(host_accounts().accounts)
    with client_of(host(auth, *ROUTES, middleware=[DefineMiddleware(Own)])) as client:
        jane = bearer(client)
        assert client.get("/me", headers=jane).json()["detail"] == "no key"
        assert client.get("/open", headers={"x-key": "right"}).text == "open"
        assert client.get("/api/users/current", headers=jane).status_code == 200


def test_protection_against_forged_requests_is_for_the_hosts_own_forms() -> None:
    """The calls take an access token in a header, which no other site can send."""
    auth = AccountsPlugin(host_accounts().accounts)
    with client_of(host(auth, *ROUTES, csrf_config=CSRFConfig(secret="s" * 32))) as client:
        jane = bearer(client)
        assert client.post("/dangerous", headers=jane).json()["detail"] == "CSRF token verification failed"
        assert client.get("/maybe", headers=jane).json() == {"name": "Jane Doe"}


def test_an_answer_for_one_user_is_not_cached_for_all() -> None:
    auth = AccountsPlugin(host_accounts().accounts)

    @get("/cached", cache=True)
    async def cached(optional_user: NamedDependency[User | None]) -> str:
        return optional_user.name if optional_user else "nobody"

    @get("/by-token", cache=True, cache_key_builder=lambda request: request.headers.get("authorization", ""))
    async def by_token(current_user: NamedDependency[User]) -> str:
        return current_user.name

    with pytest.raises(ConfigurationError, match="is cached, and its answer depends on the signed-in user"):
        host(auth, cached)
    of_all = ResponseCacheConfig(key_builder=lambda request: request.url.path)
    with pytest.raises(ConfigurationError, match="is cached, and its answer depends on the signed-in user"):
        host(auth, cached, response_cache_config=of_all)
    with client_of(host(auth, by_token)) as client:
        assert client.get("/by-token", headers=bearer(client)).text == "Jane Doe"
        problem(client.get("/by-token"), 401, "token-required")


def test_a_request_with_a_copied_scope_has_the_user_of_its_own_token() -> None:
    """As hosts do that answer a batch of requests."""

    @get("/who")
    async def who(current_user: NamedDependency[User]) -> str:
        return str(current_user.email)

    @get("/batch")
    async def batch(
        request: Request[Any, Any, Any], current_user: NamedDependency[User], token: FromQuery[str]
    ) -> list[str]:
        headers = [(b"authorization", f"Bearer {token}".encode())]
        answered = [str(current_user.email)]

        async def send(message: Any) -> None:
            answered.append(str(message["status"]) if "status" in message else message["body"].decode())

        scope: Any = {**request.scope, "path": "/who", "raw_path": b"/who", "headers": headers}
        await request.app.asgi_handler(scope, request.receive, send)
        return answered

    with client_of(host(AccountsPlugin(host_accounts().accounts), who, batch)) as client:
        jane, other = bearer(client), bearer(client, email="other@example.org")
        token = other["Authorization"].partition(" ")[2]
        got = client.get("/batch", headers=jane, params={"token": token}).json()
        assert got == ["jane@example.org", "200", "other@example.org"]
        assert client.get("/batch", headers=jane, params={"token": "junk"}).json()[:2] == ["jane@example.org", "401"]


def by_host(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
    return Response(f"host: {type(error).__name__}", status_code=418, media_type=MediaType.TEXT)


@pytest.mark.parametrize(
    "kind",
    [HTTPException, 404, *(pytest.param(kind, marks=pytest.mark.long) for kind in (Exception, InvalidToken, 500))],
)
def test_the_hosts_handlers_of_other_errors_stay_as_they_are(kind: Any) -> None:
    """A refusal is our problem document; what the host's own code raises is the host's."""

    @get("/broken")
    async def broken() -> None:
        raise NotFound("thing")

    @get("/core")
    async def core() -> None:
        raise InvalidToken

    auth = AccountsPlugin(host_accounts().accounts)
    with client_of(host(auth, *ROUTES, broken, core, exception_handlers={kind: by_host})) as client:
        problem(client.get("/me"), 401, "token-required")
        assert client.get("/broken").status_code == (418 if kind in (Exception, 500) else 500)
        assert client.get("/core").status_code == (418 if kind in (Exception, InvalidToken, 500) else 500)


@pytest.mark.parametrize("kind", [Refused, pytest.param(401, marks=pytest.mark.long)])
def test_a_host_may_answer_refusals_itself(kind: Any) -> None:
    auth = AccountsPlugin(host_accounts().accounts)
    with client_of(host(auth, *ROUTES, exception_handlers={kind: by_host})) as client:
        assert client.get("/me").text == "host: Refused"
        problem(client.get("/api/users/current"), 401, "token-required")


def test_a_store_that_is_away_is_503(caplog: pytest.LogCaptureFixture) -> None:
    class Away(MemoryStore):
        is_away = False

        def reader(self) -> Any:
            if self.is_away:
                raise Unavailable("the database is away")
            return super().reader()

    store = Away()
    auth = AccountsPlugin(host_accounts(store).accounts, HttpOptions(retry_after_seconds=7))
    with client_of(host(auth, *ROUTES)) as client, caplog.at_level(logging.WARNING):
        jane = bearer(client)
        store.is_away = True
        refused = client.get("/me", headers=jane)

    problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"] == "7"
    assert "the database is away" in caplog.text


def test_a_websocket_is_refused_or_knows_the_user() -> None:
    auth = AccountsPlugin(host_accounts().accounts)

    @websocket("/chat")
    async def chat(socket: WebSocket[Any, Any, Any], current_user: NamedDependency[User]) -> None:
        await socket.accept()
        await socket.send_text(current_user.name)
        await socket.close()

    @websocket("/guarded", guards=[auth.signed_in])
    async def guarded(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.close()

    with client_of(host(auth, chat, guarded)) as client:
        jane = bearer(client)
        with client.websocket_connect("/chat", headers=jane) as socket:
            assert socket.receive_text() == "Jane Doe"
        for path in ("/chat", "/guarded"):
            with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(path) as socket:
                socket.receive_text()
            assert (refused.value.code, refused.value.detail) == (
                4401,
                "Send an access token: Authorization: Bearer <token>.",
            )


# documentation


def test_the_document_says_which_of_the_hosts_routes_need_a_token() -> None:
    auth = AccountsPlugin(host_accounts().accounts)

    async def cart(current_user: NamedDependency[User]) -> str:
        return current_user.name

    @get("/cart", dependencies={"cart": Provide(cart)})
    async def of_a_cart(cart: NamedDependency[str]) -> str:
        return cart

    @get("/guarded", guards=[auth.signed_in])
    async def guarded() -> str:
        return ""

    @get("/own", guards=[auth.signed_in], security=[{"apiKey": []}])
    async def own() -> str:
        return ""

    @get("/let-out", guards=[auth.signed_in], opt={"exclude_from_auth": True})
    async def let_out() -> str:
        return ""

    with client_of(host(auth, *ROUTES, of_a_cart, guarded, own, let_out)) as client:
        document = client.get("/schema/openapi.json").json()

    def security(path: str) -> Any:
        return next(iter(document["paths"][path].values())).get("security")

    needed: list[dict[str, list[str]]] = [{"accountsBearer": []}, {"accountsPassword": []}]
    for path in ("/me", "/dangerous", "/session", "/sessions", "/cart", "/guarded"):
        assert security(path) == needed, path
    assert security("/maybe") == [*needed, {}]
    assert security("/own") == [{"apiKey": []}]
    assert security("/open") is None
    assert security("/let-out") is None
    assert security("/api/auth/login") is None
    assert security("/api/users/current") == needed
    assert document["components"]["securitySchemes"]["accountsBearer"]["scheme"] == "bearer"


def test_a_host_whose_document_secures_everything_keeps_that() -> None:
    config = OpenAPIConfig(title="Things", version="1", security=[{"apiKey": []}])
    with client_of(host(AccountsPlugin(host_accounts().accounts), *ROUTES, openapi_config=config)) as client:
        document = client.get("/schema/openapi.json").json()

    assert document["security"] == [{"apiKey": []}]
    assert document["paths"]["/me"]["get"]["security"] == [{"accountsBearer": []}, {"accountsPassword": []}]
