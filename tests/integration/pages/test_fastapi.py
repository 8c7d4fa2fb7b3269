"""The documentation and the pages of mails of a FastAPI host, in a real browser, below each kind of prefix."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from time import monotonic, sleep
from typing import Annotated, Any

import attrs
import pytest
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.requests import Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.integration.http.client import PASSWORD
from tests.integration.pages.test_pages import browser, pytestmark, requested, said  # noqa: F401  a fixture, a mark

from accounts_core import Accounts, MailDispatch, User
from accounts_fastapi import FastAPIAccounts
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_system import SystemClock, SystemSecrets

EMAIL = "jane@example.org"
SWAGGER = "/swagger"


def with_docs(app: FastAPI) -> None:
    """Add the page that FastAPI makes, with its files from our package: there is no internet here."""
    folder = str(files("accounts_litestar.documentation") / "assets" / "swagger-ui")
    app.mount(SWAGGER, StaticFiles(directory=folder))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title="Shop",
            swagger_js_url=f"{root}{SWAGGER}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{SWAGGER}/swagger-ui.css",
            swagger_favicon_url=f"{root}{SWAGGER}/favicon-32x32.png",
        )


@attrs.frozen
class Site:
    """A host on a server. `docs` and `api` are the addresses of the documentation and of the calls."""

    docs: str
    api: str
    accounts: Accounts
    mails: MemoryMailer
    loop: asyncio.AbstractEventLoop

    def mailed(self, call: str, **arguments: Any) -> str:
        """Make a call that sends a mail, and return the token in it."""
        asyncio.run_coroutine_threadsafe(getattr(self.accounts, call)(**arguments), self.loop).result(20)
        return str(self.mails.delivered[-1].values["token"])


def host(auth: FastAPIAccounts[Any], *, prefix: str = "", **how: Any) -> FastAPI:
    app = FastAPI(docs_url=None, **how)
    with_docs(app)
    if prefix:
        app.include_router(auth.router, prefix=prefix)
        own = app.openapi
        app.openapi = lambda: auth.complete_openapi(own())  # type: ignore[method-assign]  # as FastAPI's documentation does
    else:
        auth.install(app)

    @app.get("/me")
    async def me(user: Annotated[User, Depends(auth.current_user)]) -> dict[str, str]:
        return {"name": user.name}

    return app


def mounted(auth: FastAPIAccounts[Any]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with auth.lifespan(app):
            yield

    outer = FastAPI(lifespan=lifespan)
    outer.mount("/outer/most", host(auth))
    return outer


HOSTS: dict[str, tuple[Callable[[FastAPIAccounts[Any]], FastAPI], str, str]] = {
    "root": (host, "", ""),
    "include_router": (lambda auth: host(auth, prefix="/people"), "", "/people"),
    "mount": (mounted, "/outer/most", "/outer/most"),
    "openapi_url": (lambda auth: host(auth, openapi_url="/v1/openapi.json"), "", ""),
}


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    make, docs, api = HOSTS[request.param]
    mails, clock, secrets = MemoryMailer(), SystemClock(), SystemSecrets()
    accounts = Accounts(
        store=MemoryStore(),
        payments=MemoryGateway(clock, secrets),
        passwords=PlainHasher(),
        mailer=mails,
        clock=clock,
        secrets=secrets,
        limits=None,
        mail_dispatch=MailDispatch.AFTER_COMMIT,
    )
    config = uvicorn.Config(make(FastAPIAccounts(accounts)), port=0, log_config=None, ws="none")
    server, loop = uvicorn.Server(config), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()))
    thread.start()
    deadline = monotonic() + 20
    while not server.started:
        assert monotonic() < deadline
        sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield Site(url + docs, url + api, accounts, mails, loop)
    server.should_exit = True
    thread.join()
    loop.close()


@pytest.mark.long  # without a browser: tests/integration/fastapi/test_openapi.py
@pytest.mark.parametrize("site", HOSTS, indirect=True)
def test_the_authorize_button_signs_in_and_a_route_of_the_host_is_tried_out(
    browser: Chrome,  # noqa: F811  the fixture
    site: Site,
) -> None:
    site.mailed("register", email=EMAIL, password=PASSWORD, name="Jane Doe")
    browser.set_window_size(1200, 1400)
    browser.get(f"{site.docs}/docs")

    wait_for(browser, ".btn.authorize").click()
    wait_for(browser, "#oauth_username").send_keys(EMAIL)
    wait_for(browser, "#oauth_password").send_keys(PASSWORD)
    form = wait_for(browser, "#oauth_password").find_element(By.XPATH, "./ancestor::div[@class='auth-container']")
    form.find_element(By.CSS_SELECTOR, ".btn.modal-btn.auth.authorize").click()
    wait_for(browser, ".auth-container .btn.modal-btn.auth:not(.authorize)")  # it is "Logout" now
    wait_for(browser, ".btn-done").click()

    wait_for(browser, "#operations-default-me_me_get .opblock-summary-control").click()
    wait_for(browser, "#operations-default-me_me_get .try-out__btn").click()
    wait_for(browser, "#operations-default-me_me_get .execute").click()
    answered = wait_for(browser, "#operations-default-me_me_get .live-responses-table .response")

    assert answered.text.startswith("200")
    assert "Jane Doe" in answered.text
    asked = requested(browser)
    assert [address for address in asked if not address.startswith("http://127.0.0.1:")] == []
    assert f"{site.api}/api/auth/token" in asked


@pytest.mark.long
@pytest.mark.parametrize("site", ["include_router", "mount"], indirect=True)
def test_the_pages_of_mails_work_below_the_prefix(
    browser: Chrome,  # noqa: F811  the fixture
    site: Site,
) -> None:
    token = site.mailed("register", email=EMAIL, password=PASSWORD, name="Jane Doe")
    browser.get(f"{site.api}/verify-email#token={token}")
    browser.find_element(By.ID, "password").send_keys(PASSWORD, Keys.ENTER)
    assert said(browser) == "Your email address is confirmed. Sign in with your password."

    token = site.mailed("forgot_password", email=EMAIL)
    browser.get(f"{site.api}/reset-password#token={token}")
    browser.find_element(By.ID, "password").send_keys("another one, as long")
    browser.find_element(By.ID, "again").send_keys("another one, as long", Keys.ENTER)

    assert said(browser).startswith("Your password was changed")
    assert [asked for asked in requested(browser) if not asked.startswith(f"{site.api}/")] == []


def wait_for(browser: Chrome, selector: str) -> Any:  # noqa: F811  the fixture
    deadline = monotonic() + 20
    while not (found := browser.find_elements(By.CSS_SELECTOR, selector)):
        assert monotonic() < deadline, selector
        sleep(0.05)
    return found[0]
