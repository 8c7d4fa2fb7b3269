"""The API mounted in an application that has its own ideas of everything."""

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest
from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import JSONBody
from litestar.testing import TestClient
from tests.integration.http.client import JSON, PASSWORD, PROBLEM
from tests.integration.http.service import START, Clock, accounts_over, memory_accounts
from tests.integration.http.stripe_events import PATH, checking

from accounts_core.errors import AccountsError, NotFound
from accounts_litestar import AccountsPlugin, HttpOptions
from accounts_memory import MemoryGateway, MemoryStore
from accounts_system import SystemClock, SystemSecrets

NEWCOMER = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}


@get("/api/things")
async def things() -> list[str]:
    return ["thing"]


@post("/api/things", status_code=201)
async def add_thing(data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
    return data


@get("/api/things/missing")
async def missing_thing() -> None:
    raise NotFoundException("no such thing")


@get("/api/things/core")
async def core_thing() -> None:
    raise NotFound("thing")


@get("/broken")
async def broken() -> None:
    raise ValueError("the host's own fault")


def host(routes: Sequence[Any] = (), **how: Any) -> Litestar:
    """Make somebody's application."""
    return Litestar(list(routes), logging_config=None, **how)


def text(status: int, says: str) -> Any:
    def handler(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
        return Response(f"{says}: {type(error).__name__}", status_code=status, media_type=MediaType.TEXT)

    return handler


HOST_ROUTES: list[Any] = [things, add_thing, missing_thing, core_thing, broken]
HOST_REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/things", {}),
    ("POST", "/api/things", {"json": {"a": 1}}),
    ("POST", "/api/things", {"content": b'{"a": 1, "a": 2}', "headers": {"content-type": JSON}}),
    ("POST", "/api/things", {"json": {"a": "x" * 40_000}}),
    ("POST", "/api/things", {"content": b'{"a": ', "headers": {"content-type": JSON}}),
    ("DELETE", "/api/things", {}),
    ("GET", "/api/things/missing", {}),
    ("GET", "/api/things/core", {}),
    ("GET", "/api/nothing", {}),
    ("GET", "/api/users", {}),
    ("GET", "/api/users/currently", {}),
    ("GET", "/nothing", {}),
    ("GET", "/broken", {}),
    ("OPTIONS", "/api/things", {}),
]
HANDLERS = [
    {},
    {404: text(404, "by status"), 405: text(405, "by status")},
    {NotFoundException: text(404, "by class")},
    {HTTPException: text(418, "by base class"), 500: text(500, "by 500")},
    {Exception: text(500, "by anything"), AccountsError: text(409, "by the core's class")},
]


def answers(app: Litestar) -> list[tuple[int, bytes, str | None]]:
    with TestClient(app, raise_server_exceptions=False) as client:
        found = [client.request(method, path, **how) for method, path, how in HOST_REQUESTS]
    return [(answer.status_code, answer.content, answer.headers.get("content-type")) for answer in found]


@pytest.mark.parametrize("path", ["/", "/accounts"])
@pytest.mark.parametrize("handlers", HANDLERS)
def test_the_hosts_own_routes_stay_as_they_are(handlers: dict[Any, Any], path: str) -> None:
    without = host(HOST_ROUTES, exception_handlers=dict(handlers))
    plugin = AccountsPlugin(memory_accounts(), HttpOptions(path=path))
    with_plugin = host(HOST_ROUTES, exception_handlers=dict(handlers), plugins=[plugin])

    assert answers(with_plugin) == answers(without)


def test_a_handler_at_the_hosts_router_still_takes_its_own_errors() -> None:
    router = Router("/", route_handlers=HOST_ROUTES, exception_handlers={HTTPException: text(418, "by the router")})
    plugin = AccountsPlugin(memory_accounts())

    assert answers(host([router], plugins=[plugin])) == answers(host([router]))


@pytest.mark.parametrize("handlers", HANDLERS)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/users/current", 401),
        ("GET", "/api/users/current/nothing", 404),
        ("GET", "/api/auth/nothing", 404),
        ("GET", "/api/v1/accounts/1/nothing", 404),
        ("PATCH", "/api/v1/user", 405),
        ("GET", "/api/auth/login", 405),
        ("POST", "/api/auth/login", 422),
    ],
)
def test_the_apis_own_problems_are_problems_in_every_host(
    handlers: dict[Any, Any], method: str, path: str, status: int
) -> None:
    app = host(HOST_ROUTES, exception_handlers=dict(handlers), plugins=[AccountsPlugin(memory_accounts())])

    with TestClient(app) as client:
        answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("prefix", ["/accounts", "accounts/", "/a/b"])
def test_the_api_can_be_put_below_a_path(prefix: str) -> None:
    app = host(HOST_ROUTES, plugins=[AccountsPlugin(memory_accounts(), HttpOptions(path=prefix))])

    with TestClient(app) as client:
        base = "/" + prefix.strip("/")
        assert client.post(f"{base}/api/auth/register", json=NEWCOMER).status_code == 201
        assert client.get(f"{base}/nothing").headers["content-type"] == PROBLEM
        assert client.post("/api/auth/register", json=NEWCOMER).headers["content-type"] == JSON


@pytest.mark.parametrize("path", ["/", "/accounts"])
def test_the_api_is_below_the_path_of_its_application(path: str) -> None:
    at = "/shop" + path.rstrip("/")
    auth = AccountsPlugin(memory_accounts(), HttpOptions(path=path))
    app = host([things], path="/shop", plugins=[auth], exception_handlers={404: text(404, "host")})
    with TestClient(app, raise_server_exceptions=False) as client:
        page = client.get(f"{at}/verify-email")
        (script,) = re.findall(r'src="([^"]+)"', page.text)
        assert client.get(str(page.url.join(script))).status_code == 200
        assert 'data-api="."' in page.text
        assert client.get(f"{at}/api/auth/nothing").headers["content-type"] == PROBLEM
        assert client.get("/shop/api/nothing").text == "host: NotFoundException"
        assert client.get(f"{path.rstrip('/')}/api/auth/nothing").text == "host: NotFoundException"
        schemes = client.get("/shop/schema/openapi.json").json()["components"]["securitySchemes"]
        assert f"/{schemes['accountsPassword']['flows']['password']['tokenUrl']}" == f"{at}/api/auth/token"


def test_the_handlers_of_a_host_may_be_those_of_several_applications() -> None:
    handlers = {404: text(404, "host")}
    apps = [
        host(plugins=[AccountsPlugin(memory_accounts(), HttpOptions(path=path))], exception_handlers=handlers)
        for path in ("/", "/other")
    ]

    with TestClient(apps[1], raise_server_exceptions=False) as client:
        assert client.get("/api/auth/nothing").text == "host: NotFoundException"
        assert client.get("/other/api/auth/nothing").headers["content-type"] == PROBLEM
    assert handlers.keys() == {404}


def test_the_hosts_specification_lists_the_api_and_keeps_its_own_parts() -> None:
    config = OpenAPIConfig(
        title="Host",
        version="1",
        components=Components(security_schemes={"own": SecurityScheme(type="http", scheme="basic")}),
        render_plugins=[JsonRenderPlugin()],
    )
    app = host(HOST_ROUTES, openapi_config=config, plugins=[AccountsPlugin(memory_accounts())])

    schema = app.openapi_schema.to_schema()

    assert {"/api/things", "/api/v1/user", "/api/users/current"} <= set(schema["paths"])
    assert set(schema["components"]["securitySchemes"]) == {"own", "accountsBearer", "accountsPassword"}


def test_a_host_without_a_specification_mounts_it_too() -> None:
    app = host(HOST_ROUTES, openapi_config=None, plugins=[AccountsPlugin(memory_accounts())])

    with TestClient(app) as client:
        assert client.post("/api/auth/register", json=NEWCOMER).status_code == 201


def test_a_host_may_look_at_answers_and_add_to_them() -> None:
    async def mark(response: Response[Any]) -> Response[Any]:
        response.headers["x-host"] = "was here"
        response.set_cookie("seen", "yes")
        return response

    app = host(
        after_request=mark,
        response_headers={"x-everywhere": "yes", "Cache-Control": "public"},
        plugins=[AccountsPlugin(memory_accounts())],
    )

    with TestClient(app) as client:
        answer = client.post("/api/auth/register", json=NEWCOMER)

    assert answer.status_code == 201
    assert answer.json()["name"] == "Jane Doe"
    assert (answer.headers["x-host"], answer.headers["x-everywhere"]) == ("was here", "yes")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.cookies["seen"] == "yes"


def test_the_path_of_webhooks_is_the_hosts_unless_it_says_how_to_check_them() -> None:
    clock = SystemClock()
    app = host(plugins=[AccountsPlugin(memory_accounts())])
    checked = host(plugins=[AccountsPlugin(memory_accounts(), HttpOptions(webhook=checking(clock)))])

    with TestClient(app) as client, TestClient(checked) as other:
        assert client.post(PATH).headers["content-type"] == JSON
        assert client.post(PATH).status_code == 404
        assert other.post(PATH).headers["content-type"] == PROBLEM
        assert other.post(PATH).status_code == 400
        assert other.get(PATH).status_code == 405


def test_two_apis_live_in_one_process() -> None:
    first, second = (host(plugins=[AccountsPlugin(memory_accounts())]) for _ in range(2))

    with TestClient(first) as one, TestClient(second) as other:
        assert one.post("/api/auth/register", json=NEWCOMER).status_code == 201
        assert other.post("/api/auth/register", json=NEWCOMER).status_code == 201


@pytest.mark.parametrize(("trusted", "expected"), [((), "192.0.2.1"), ((ip_network("192.0.2.0/24"),), "198.51.100.7")])
def test_a_host_may_have_the_api_look_through_its_proxies(trusted: tuple[Any, ...], expected: str) -> None:
    seen: list[Any] = []

    @get("/whose")
    async def whose(request: Request[Any, Any, Any]) -> None:
        seen.append(request.scope.get("client"))

    accounts = memory_accounts()
    app = host([whose], plugins=[AccountsPlugin(accounts, HttpOptions(trusted_proxies=trusted))])
    inside, peer = app.asgi_handler, ("192.0.2.1", 50_000)

    async def from_the_proxy(scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = peer
        await inside(scope, receive, send)

    app.asgi_handler = from_the_proxy
    with TestClient(app) as client:
        client.headers["x-forwarded-for"] = "198.51.100.7"
        client.post("/api/auth/register", json=NEWCOMER)
        answer = client.post("/api/auth/login", json={"email": NEWCOMER["email"], "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        activity = client.get("/api/users/current/activity").json()
        client.get("/whose")

    assert [entry["details"]["client"] for entry in activity if entry["action"] == "signed_in"] == [expected]
    assert seen == [peer]  # the host's own routes are the host's


@pytest.mark.parametrize("cookies", [[], [Cookie(key="seen", value="yes")]])
def test_a_host_may_change_an_answer_and_what_is_done_after_it(cookies: list[Cookie]) -> None:
    done: list[str] = []

    async def mark(response: Response[Any]) -> Response[Any]:
        response.content = {"changed": True}
        response.background = BackgroundTask(done.append, "by the host")
        return response

    plugins = [AccountsPlugin(memory_accounts())]
    app = host(after_request=mark, response_cookies=cookies, plugins=plugins)

    with TestClient(app) as client:
        answer = client.post("/api/auth/register", json=NEWCOMER)

    assert (answer.status_code, answer.json(), done) == (201, {"changed": True}, ["by the host"])
    assert answer.headers.get_list("content-length") == ["16"]


def test_a_hosts_cookies_change_nothing_else_of_an_answer() -> None:
    clock = Clock(START)
    accounts = accounts_over(MemoryStore(), clock, MemoryGateway(clock, SystemSecrets()))
    cookies = [Cookie(key="seen", value="yes", path="/"), Cookie(key="said", documentation_only=True)]
    app = host(response_cookies=cookies, plugins=[AccountsPlugin(accounts)])

    with TestClient(app) as client:
        client.post("/api/auth/register", json=NEWCOMER)
        proof = {"email": NEWCOMER["email"], "password": PASSWORD}
        token = client.post("/api/auth/login", json=proof).json()["access_token"]
        page = client.get("/verify-email")
        asset = client.get(re.findall(r'src="\.(/[^"]+)"', page.text)[0])
        clock.pass_by(hours=1)
        (session,) = client.get("/api/auth/sessions", headers={"Authorization": f"Bearer {token}"}).json()
        (touched,) = client.get("/api/auth/sessions", headers={"Authorization": f"Bearer {token}"}).json()
        head = client.head("/verify-email")

    assert page.headers.get_list("set-cookie") == ["seen=yes; Path=/; SameSite=lax"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (head.content, head.headers["content-length"]) == (b"", str(len(page.content)))
    # the use of the session is recorded after the answer, as without cookies
    assert session["last_used_at"] < touched["last_used_at"]
