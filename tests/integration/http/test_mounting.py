"""The whole service below a prefix, whoever mounts it (E14, E32)."""

import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, cast
from urllib.parse import quote, urljoin

import httpx
import pytest
from fastapi import FastAPI
from litestar import Litestar, Request, asgi, get
from litestar.openapi import OpenAPIConfig
from tests.integration.http.client import PASSWORD, Client, Run, problem
from tests.integration.http.mounts import ASGI, CUTTING, MOUNTS, behind_a_proxy_that_tells_nothing
from tests.integration.http.service import memory_accounts
from tests.integration.http.test_documentation import References

from accounts_litestar import AccountsPlugin, HttpOptions, MountedJson, OfflineDocs, create_app

PREFIXES = ["/one/two", *(pytest.param(at, marks=pytest.mark.long) for at in ("/accounts", "/v1.2/über-uns", "/api"))]

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")


def client(run: Run, app: ASGI) -> Client:
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://h.example"
    )
    return Client(run, http)


@pytest.fixture(params=MOUNTS)
def mount(request: pytest.FixtureRequest) -> Callable[[ASGI, str], ASGI]:
    return MOUNTS[request.param]


@pytest.fixture(params=PREFIXES)
def at(request: pytest.FixtureRequest) -> str:
    prefix: str = request.param
    return prefix


@pytest.fixture(scope="module")
def app() -> ASGI:
    """An application that one test after the other mounts."""
    return create_app(memory_accounts())


@pytest.fixture(scope="module")
def at_a_path() -> ASGI:
    return create_app(memory_accounts(), options=HttpOptions(path="/accounts"))


@pytest.fixture(scope="module")
def plugin_at_a_path() -> ASGI:
    return Litestar(plugins=[AccountsPlugin(memory_accounts(), HttpOptions(path="/accounts"))], logging_config=None)


@pytest.fixture(scope="module")
def host() -> ASGI:
    """A host with a route of its own, and a page of documentation."""

    @get("/own")
    async def own() -> str:
        return "own"

    config = OpenAPIConfig(title="Things", version="1", render_plugins=[OfflineDocs(), MountedJson()])
    plugins = [AccountsPlugin(memory_accounts())]
    return Litestar([own], plugins=plugins, openapi_config=config, logging_config=None)


@pytest.fixture
def mounted(run: Run, mount: Callable[[ASGI, str], ASGI], at: str, app: ASGI) -> Iterator[Client]:
    """Somebody without a token, at an application that is mounted."""
    if at == "/api" and mount in CUTTING:
        pytest.skip("ASGI leaves it open whether /api/users, with /api as its root path, is below that or not")
    api = client(run, mount(app, at))
    yield api
    run(api.http.aclose())


def in_url(prefix: str) -> str:
    return quote(prefix, safe="/")


def test_everything_is_served_below_the_prefix_and_refers_to_it(
    mounted: Client, at: str, request: pytest.FixtureRequest
) -> None:
    """E14: the calls, the `Link` header, the documentation with its files, and the document's `servers`."""
    address = f"jane+{sha256(request.node.name.encode()).hexdigest()[:16]}@example.org"
    new = {"email": address, "password": PASSWORD, "name": "Jane Doe"}
    assert mounted.post(f"{at}/api/auth/register", json=new).status_code == 201
    proof = {"email": address, "password": PASSWORD}
    token = mounted.post(f"{at}/api/auth/login", json=proof).json()["access_token"]
    mounted.post(f"{at}/api/auth/login", json=proof)
    jane = mounted.with_token(token)

    page = jane.get(f"{at}/api/auth/sessions?limit=1")
    assert page.status_code == 200
    target = page.headers["link"].partition(">")[0].removeprefix("<")
    assert target.startswith(f"{in_url(at)}/api/auth/sessions?limit=1&before=")
    assert len(jane.get(target).json()) == 1

    document = mounted.get(f"{at}/schema/openapi.json").json()
    assert document["servers"] == [{"url": in_url(at)}]
    assert "/api/users/current" in document["paths"]
    for page_of_it in ("/schema", "/schema/", "/verify-email", "/verify-email/", "/reset-password"):
        shown = mounted.get(f"{at}{page_of_it}")
        assert shown.status_code == 200
        for reference in References(shown.text).found:
            reached = urljoin(f"http://h.example{in_url(at)}{page_of_it}", reference)
            assert reached.startswith(f"http://h.example{in_url(at)}/")
            assert mounted.get(reached).status_code == 200, reference
        api = re.search('data-(?:api|server)="([^"]*)"', shown.text)
        assert api is not None
        assert (
            urljoin(f"http://h.example{in_url(at)}{page_of_it}", api[1].rstrip("/") + "/api")
            == f"http://h.example{in_url(at)}/api"
        )


def test_health_checks_and_refusals_are_the_services_below_the_prefix(mounted: Client, at: str) -> None:
    assert mounted.get(f"{at}/health/live").json() == {"status": "ok"}
    assert mounted.get(f"{at}/health/ready").json() == {"status": "ok"}
    problem(mounted.get(f"{at}/api/users/current"), 401, "token-required")
    problem(mounted.get(f"{at}/nothing"), 404, "not-found")
    problem(mounted.get(f"{at}/api/nothing"), 404, "not-found")
    refused = mounted.call("PATCH", f"{at}/api/v1/user")
    problem(refused, 405, "method-not-allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}
    head = mounted.call("HEAD", f"{at}/health/live")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "15")


@pytest.mark.parametrize("at", ["/accounts"])
def test_a_document_and_a_page_below_a_prefix_that_nobody_tells_are_right_in_a_browser(
    run: Run, at: str, app: ASGI
) -> None:
    """Such a proxy has to be told of for `Link` and `servers`; the page finds its files and the API without."""
    api = client(run, behind_a_proxy_that_tells_nothing(app, at))

    page = api.get(f"{at}/schema").text

    for reference in References(page).found:
        assert api.get(urljoin(f"{at}/schema", reference)).status_code == 200
    assert 'data-server="./"' in page
    assert api.get(f"{at}/schema/openapi.json").json()["servers"] == [{"url": "/"}]


@pytest.mark.parametrize("header", ["X-Forwarded-Prefix", "X-Script-Name", "X-Forwarded-Path"])
def test_no_header_of_a_client_is_taken_for_a_prefix(run: Run, header: str, app: ASGI) -> None:
    api = client(run, app)

    document = api.get("/schema/openapi.json", headers={header: "/evil"}).json()

    assert document["servers"] == [{"url": "/"}]


@pytest.mark.parametrize("at", ["/accounts", "/outer/accounts"])
def test_a_mount_at_the_prefix_of_the_options_is_an_error_that_says_so(
    run: Run, mount: Callable[[ASGI, str], ASGI], at: str, at_a_path: ASGI, caplog: pytest.LogCaptureFixture
) -> None:
    """E32."""
    api = client(run, mount(at_a_path, at))

    with caplog.at_level(logging.ERROR):
        for path in ("/api/users/current", "/accounts/api/users/current", "/health/live"):
            problem(api.get(f"{at}{path}"), 500, "internal-error")

    assert (
        f"The application is mounted at {at}, and HttpOptions(path='/accounts') adds the same prefix again: the API"
        in (caplog.text)
    )


def test_a_prefix_of_the_options_and_another_of_a_mount_add_up(
    run: Run, mount: Callable[[ASGI, str], ASGI], at_a_path: ASGI
) -> None:
    api = client(run, mount(at_a_path, "/outer"))

    problem(api.get("/outer/accounts/api/users/current"), 401, "token-required")
    problem(api.get("/outer/accounts/api/nothing"), 404, "not-found")
    assert api.get("/outer/schema/openapi.json").json()["servers"] == [{"url": "/outer"}]


def test_a_host_with_the_plugin_is_mounted_as_well(
    run: Run, mount: Callable[[ASGI, str], ASGI], at: str, host: ASGI
) -> None:
    if at == "/api":
        pytest.skip("Litestar itself does not find a path below a root path that is in the path twice")
    api = client(run, mount(host, at))

    assert api.get(f"{at}/own").text == "own"
    problem(api.get(f"{at}/api/users/current"), 401, "token-required")
    problem(api.get(f"{at}/api/users/current/nothing"), 404, "not-found")
    assert api.get(f"{at}/nothing").json() == {"status_code": 404, "detail": "Not Found"}
    for reference in References(api.get(f"{at}/schema").text).found:
        assert api.get(urljoin(f"{at}/schema", reference)).status_code == 200
    assert api.get(f"{at}/schema/openapi.json").json()["servers"] == [{"url": in_url(at)}]


def test_what_the_outer_application_has_read_of_a_request_is_not_taken_for_the_inner_ones(run: Run) -> None:
    """Litestar keeps the URL, the body and the error handlers of a request in its scope, which a mount hands on."""

    def reading(app: ASGI) -> ASGI:
        async def read(scope: Any, receive: Any, send: Any) -> None:
            assert Request(scope).url.path
            await app(scope, receive, send)

        return read

    mounted = asgi("/accounts", is_mount=True, copy_scope=True)(create_app(memory_accounts()))
    api = client(run, Litestar([mounted], middleware=[reading], logging_config=None))
    new = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}

    problem(api.post("/accounts/api/auth/sessions", json=new), 405, "method-not-allowed")


def test_a_host_that_is_mounted_at_the_prefix_of_its_plugin_is_told_so(
    run: Run, mount: Callable[[ASGI, str], ASGI], caplog: pytest.LogCaptureFixture, plugin_at_a_path: ASGI
) -> None:
    """E32, whichever of the two addresses somebody tries."""
    api = client(run, mount(plugin_at_a_path, "/accounts"))

    with caplog.at_level(logging.ERROR):
        for path in ("/accounts/api/users/current", "/accounts/accounts/api/users/current"):
            caplog.clear()
            problem(api.get(path), 500, "internal-error")
            assert "HttpOptions(path='/accounts') adds the same prefix again" in caplog.text
    assert api.get("/accounts/nothing").json() == {"status_code": 404, "detail": "Not Found"}


@pytest.mark.parametrize(("migrate", "worker"), [(True, False), (False, True)])
def test_e29_a_mounted_application_whose_lifespan_nobody_runs_refuses_and_says_why(
    run: Run, migrate: bool, worker: bool, caplog: pytest.LogCaptureFixture
) -> None:
    inner = create_app(memory_accounts(), migrate=migrate, worker=worker)
    api = client(run, MOUNTS["in_fastapi"](inner, "/accounts"))

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            refused = api.get("/accounts/api/users/current")
            problem(refused, 503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0

    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "The lifespan of the accounts is not running" in told[0].message
    for name in ("FastAPI", "Starlette", "Litestar", "app.lifespan()"):
        assert name in told[0].message


def test_e29_without_a_migration_and_a_worker_it_is_only_told_of(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    api = client(run, MOUNTS["in_starlette"](create_app(memory_accounts()), "/accounts"))

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            problem(api.get("/accounts/api/users/current"), 401, "token-required")

    assert [record.levelno for record in caplog.records if record.name == "accounts_http"] == [logging.WARNING]


def test_the_outer_application_runs_the_lifespan_of_the_mounted_one(run: Run) -> None:
    inner = create_app(memory_accounts(), migrate=True, worker=True)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with inner.lifespan():
            yield

    outer = FastAPI(lifespan=lifespan)
    outer.mount("/accounts", cast("Any", inner))  # Litestar's types are narrower than ASGI's

    async def twice() -> None:
        for _ in range(2):
            async with outer.router.lifespan_context(outer):
                answer = await http.get("/accounts/api/users/current")
                assert answer.status_code == 401

    http = httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://h.example")
    run(twice())
