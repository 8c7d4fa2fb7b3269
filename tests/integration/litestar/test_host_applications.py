"""Whole applications with the plugin: several plugins, lifespans, documents, and the pages of mails."""

import asyncio
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency
from tests.integration.http.client import problem
from tests.integration.litestar.hosts import ROUTES, bearer, client_of, host, host_accounts

from accounts_core import User
from accounts_litestar import AccountsPlugin, HttpOptions


@pytest.mark.parametrize("second", ["/second"])
def test_two_plugins_at_two_paths_have_their_own_users(second: str) -> None:
    first, other = (
        AccountsPlugin(host_accounts().accounts),
        AccountsPlugin(host_accounts().accounts, HttpOptions(path=second)),
    )

    @get("/other", dependencies={"admin": other.current_user})
    async def of_the_other(admin: NamedDependency[User]) -> str:
        return admin.name

    with client_of(host([first, other], *ROUTES, of_the_other)) as client:
        jane, admin = bearer(client), bearer(client, "/second")

        assert client.get("/maybe", headers=jane).json() == {"name": "Jane Doe"}
        problem(client.get("/maybe", headers=admin), 401, "invalid-token")
        assert client.get("/other", headers=admin).text == "Jane Doe"
        problem(client.get("/other", headers=jane), 401, "invalid-token")
        assert client.get("/schema/openapi.json").status_code == 200


def test_a_plugin_that_came_second_is_the_first_of_another_application() -> None:
    first, second = (AccountsPlugin(host_accounts().accounts, HttpOptions(path=path)) for path in ("/a", "/b"))
    both, alone = host([first, second]), host(second)

    def paths(app: Litestar) -> set[str]:
        return {path.split("/")[1] for path in app.openapi_schema.to_schema()["paths"]}

    def token_url(app: Litestar) -> str:
        schemes = app.openapi_schema.to_schema()["components"]["securitySchemes"]
        return str(schemes["accountsPassword"]["flows"]["password"]["tokenUrl"])

    assert (paths(both), paths(alone)) == ({"a"}, {"b"})
    assert (token_url(both), token_url(alone)) == ("a/api/auth/token", "b/api/auth/token")
    for app, statuses in ((both, (401, 401)), (alone, (404, 401))):
        with client_of(app) as client:
            assert tuple(client.get(f"{at}/api/auth/sessions").status_code for at in ("/a", "/b")) == statuses


def test_an_application_is_opened_closed_and_opened_again() -> None:
    app = host(AccountsPlugin(host_accounts().accounts, worker=True, migrate=True), *ROUTES)
    for email in ("one@example.org", "two@example.org"):
        with client_of(app) as client:
            assert client.get("/maybe", headers=bearer(client, email=email)).json() == {"name": "Jane Doe"}


def test_a_host_without_a_document_has_the_rest() -> None:
    with client_of(host(AccountsPlugin(host_accounts().accounts), *ROUTES, openapi_config=None)) as client:
        assert client.get("/maybe", headers=bearer(client)).json() == {"name": "Jane Doe"}
        assert client.get("/schema/openapi.json").status_code == 404


@pytest.mark.parametrize("path", ["/", "/accounts"])
def test_the_link_of_a_mail_leads_to_a_page_of_the_plugin(path: str) -> None:
    """E15."""
    at = path.rstrip("/")
    with client_of(host(AccountsPlugin(host_accounts().accounts, HttpOptions(path=path)), *ROUTES)) as client:
        for name in ("verify-email", "reset-password"):
            page = client.get(f"{at}/{name}")
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "default-src 'none'" in page.headers["content-security-policy"]
        assert (
            client.get("/schema/openapi.json").json()["paths"].keys() & {"/verify-email", "/accounts/verify-email"}
            == set()
        )


def test_e29_a_host_that_was_not_started_is_told_so_on_its_own_routes() -> None:
    app = host(AccountsPlugin(host_accounts().accounts, migrate=True), *ROUTES)
    transport = httpx.ASGITransport(cast("Any", app))  # which runs no lifespan

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://h.example") as client:
            return [await client.get(path) for path in ("/me", "/maybe", "/api/users/current", "/open")]

    me_, maybe_, current, opened = asyncio.run(ask())

    for refused in (me_, maybe_, current):
        problem(refused, 503, "unavailable")
    assert opened.text == "open"
