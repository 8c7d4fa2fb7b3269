"""The pages of mails and of the documentation in a real browser, below each kind of prefix (E14, E15)."""

import asyncio
import threading
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.integration.http.client import PASSWORD
from tests.integration.http.mounts import (
    behind_a_proxy_that_tells_nothing,
    behind_uvicorns_root_path,
    in_fastapi,
    in_litestar,
)
from tests.integration.pages.test_pages import browser, pytestmark, requested, said  # noqa: F401  a fixture, a mark

from accounts_core import Accounts, MailDispatch
from accounts_litestar import AccountsPlugin, HttpOptions, OfflineDocs, create_app
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_system import SystemClock, SystemSecrets

MOUNTED = {
    "/untold": behind_a_proxy_that_tells_nothing,
    "/given/path": behind_uvicorns_root_path,
    "/fast.api": in_fastapi,
    "/lite/star": in_litestar,
}
PLUGIN = "/plugin"
HOST = "/host/api"


class Site:
    """One server with an application below several prefixes, and with a host that has the plugin at a path."""

    def __init__(self) -> None:
        self.mails, clock, secrets = MemoryMailer(), SystemClock(), SystemSecrets()
        self.accounts = Accounts(
            store=MemoryStore(),
            payments=MemoryGateway(clock, secrets),
            passwords=PlainHasher(),
            mailer=self.mails,
            clock=clock,
            secrets=secrets,
            limits=None,
            mail_dispatch=MailDispatch.AFTER_COMMIT,
        )
        inner: Any = create_app(self.accounts)
        self._apps: dict[str, Any] = {at: mount(inner, at) for at, mount in MOUNTED.items()}
        config = OpenAPIConfig(title="Shop", version="1", render_plugins=[OfflineDocs()])
        host: Any = Litestar(plugins=[AccountsPlugin(self.accounts)], openapi_config=config, logging_config=None)
        self._apps[HOST] = in_fastapi(host, HOST)
        self._apps[PLUGIN] = Litestar(
            plugins=[AccountsPlugin(self.accounts, HttpOptions(path=PLUGIN))], logging_config=None
        )

        host = Litestar(
            plugins=[AccountsPlugin(self.accounts)],
            openapi_config=OpenAPIConfig(title="Host", version="1", render_plugins=[OfflineDocs()]),
            logging_config=None,
        )
        self._apps["/untold/host"] = behind_a_proxy_that_tells_nothing(host, "/untold/host")
        self._apps["/given/path/host"] = behind_uvicorns_root_path(host, "/given/path/host")
        self._apps["/host"] = in_fastapi(host, "/host")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = [at for at in self._apps if scope["path"].startswith(at + "/")]
        app = self._apps[max(found, key=len)]
        await app(scope, receive, send)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[str, Site, asyncio.AbstractEventLoop]]:
    made = Site()
    config = uvicorn.Config(made, port=0, lifespan="off", log_config=None, ws="none")
    server, loop = uvicorn.Server(config), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()))
    thread.start()
    deadline = monotonic() + 20
    while not server.started:
        assert monotonic() < deadline
        sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", made, loop
    server.should_exit = True
    thread.join()
    loop.close()


def mailed(site: tuple[str, Site, asyncio.AbstractEventLoop], call: str, **arguments: Any) -> str:
    """Make a call that sends a mail, and return the token in it."""
    _, made, loop = site
    before = len(made.mails.delivered)
    asyncio.run_coroutine_threadsafe(getattr(made.accounts, call)(**arguments), loop).result(20)
    (mail,) = made.mails.delivered[before:]
    return str(mail.values["token"])


@pytest.mark.parametrize("at", [PLUGIN, *(pytest.param(at, marks=pytest.mark.long) for at in MOUNTED)])
def test_the_pages_of_mails_work_below_a_prefix(
    browser: Chrome,  # noqa: F811  the fixture
    site: tuple[str, Site, asyncio.AbstractEventLoop],
    at: str,
) -> None:
    url, email = site[0], f"jane{at.replace('/', '.')}@example.org"
    token = mailed(site, "register", email=email, password=PASSWORD, name="Jane Doe")

    browser.get(f"{url}{at}/verify-email#token={token}")
    browser.find_element(By.ID, "password").send_keys(PASSWORD, Keys.ENTER)

    assert said(browser) == "Your email address is confirmed. Sign in with your password."
    assert browser.find_element(By.TAG_NAME, "main").value_of_css_property("max-width") != "none", "the style is there"

    token = mailed(site, "forgot_password", email=email)
    for slash in ("", "/"):
        browser.get(f"{url}{at}/reset-password{slash}#token={token}")
        browser.find_element(By.ID, "password").send_keys("another one, as long")
    browser.find_element(By.ID, "again").send_keys("another one, as long", Keys.ENTER)

    assert said(browser).startswith("Your password was changed")
    assert [asked for asked in requested(browser) if not asked.startswith(f"{url}{at}/")] == []


@pytest.mark.long
@pytest.mark.parametrize("at", MOUNTED)
def test_the_documentation_works_below_a_prefix(
    browser: Chrome,  # noqa: F811  the fixture
    site: tuple[str, Site, asyncio.AbstractEventLoop],
    at: str,
) -> None:
    browser.set_window_size(1200, 1000)
    browser.get(f"{site[0]}{at}/schema")
    call = wait_for(browser, "#operations-Health-live .opblock-summary-control")

    call.click()
    wait_for(browser, "#operations-Health-live .try-out__btn").click()
    wait_for(browser, "#operations-Health-live .execute").click()

    answered = wait_for(browser, "#operations-Health-live .live-responses-table .response .response-col_status")
    assert answered.text.startswith("200")
    assert [asked for asked in requested(browser) if not asked.startswith(f"{site[0]}{at}/")] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]  # selenium's own


@pytest.mark.long
@pytest.mark.parametrize("at", ["", "/untold", "/given/path"])
@pytest.mark.parametrize("page", ["/schema", "/schema/"])
def test_the_authorize_button_of_a_host_finds_the_password_form(
    browser: Chrome,  # noqa: F811  the fixture
    site: tuple[str, Site, asyncio.AbstractEventLoop],
    at: str,
    page: str,
) -> None:
    url, email = f"{site[0]}{at}/host", f"{len(at)}.{len(page)}@example.org"
    mailed(site, "register", email=email, password=PASSWORD, name="Jane Doe")
    browser.set_window_size(1200, 1400)
    browser.get(url + page)

    wait_for(browser, ".btn.authorize").click()
    wait_for(browser, "#oauth_username").send_keys(email)
    wait_for(browser, "#oauth_password").send_keys(PASSWORD)
    form = wait_for(browser, "#oauth_password").find_element(By.XPATH, "./ancestor::div[@class='auth-container']")
    form.find_element(By.CSS_SELECTOR, ".btn.modal-btn.auth.authorize").click()

    wait_for(browser, ".auth-container .btn.modal-btn.auth:not(.authorize)")  # it is "Logout" now
    assert f"{url}/api/auth/token" in requested(browser)
    assert [asked for asked in requested(browser) if not asked.startswith(f"{url}/")] == []


@pytest.mark.long
def test_the_documentation_of_a_host_below_a_prefix_signs_in_by_its_authorize_button(
    browser: Chrome,  # noqa: F811  the fixture
    site: tuple[str, Site, asyncio.AbstractEventLoop],
) -> None:
    mailed(site, "register", email="john@example.org", password=PASSWORD, name="John Smith")
    browser.set_window_size(1200, 1000)
    browser.get(f"{site[0]}{HOST}/schema")

    wait_for(browser, ".btn.authorize").click()
    wait_for(browser, "#oauth_username").send_keys("john@example.org")
    wait_for(browser, "#oauth_password").send_keys(PASSWORD)
    form = browser.find_element(By.ID, "oauth_password").find_element(
        By.XPATH, "./ancestor::div[@class='auth-container']"
    )
    form.find_element(By.CSS_SELECTOR, ".btn.modal-btn.auth.authorize").click()
    wait_for(browser, ".auth-container .btn.modal-btn.auth:not(.authorize)")  # it is "Logout" now
    wait_for(browser, ".btn-done").click()
    call = "[id$='getUser']"
    wait_for(browser, f"{call} .opblock-summary-control").click()
    wait_for(browser, f"{call} .try-out__btn").click()
    wait_for(browser, f"{call} .execute").click()

    answered = wait_for(browser, f"{call} .live-responses-table .response .response-col_status")
    assert answered.text.startswith("200")
    assert f"{site[0]}{HOST}/api/auth/token" in requested(browser)


def wait_for(browser: Chrome, selector: str) -> Any:  # noqa: F811  the fixture
    deadline = monotonic() + 20
    while not (found := browser.find_elements(By.CSS_SELECTOR, selector)):
        assert monotonic() < deadline, selector
        sleep(0.05)
    return found[0]
