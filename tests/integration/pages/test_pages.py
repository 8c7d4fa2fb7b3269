"""The pages that mails lead to, in a real browser, against a real service."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from time import monotonic, sleep

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.integration.cli.conftest import *  # noqa: F403  the fixtures that serve
from tests.integration.cli.harness import PASSWORD, Serve, Served

NEW_PASSWORD = "an entirely different one"

pytestmark = [
    pytest.mark.skipif(
        which("chromium") is None or which("chromedriver") is None,
        reason="needs Debian's chromium and chromium-driver on this machine",
    ),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(which("chromium"))
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=320,640",
        f"--user-data-dir={tmp_path}/browser",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(executable_path=str(which("chromedriver"))))
    yield driver
    driver.quit()


@pytest.fixture
def service(serve: Serve) -> Iterator[Served]:
    served = serve()
    with served.client() as client:
        new = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
        assert client.post("/api/auth/register", json=new).status_code == 201
    yield served
    assert served.stop() == 0


def mailed(folder: Path, purpose: str) -> str:
    """Wait for the mail, and return the link in it."""
    deadline = monotonic() + 20
    while not (found := sorted((folder / "mail").glob(f"*.{purpose}.eml"))):
        assert monotonic() < deadline, f"no mail about {purpose}"
        sleep(0.05)
    text = found[-1].read_text().replace("=\n", "").replace("=3D", "=")
    link = re.search(r"http://\S+#token=acm_[0-9A-Za-z]+", text)
    assert link is not None
    return link[0]


def here(link: str, served: Served) -> str:
    """The link as it is reached in this test."""
    return served.url + "/" + link.split("/", 3)[3]


def said(browser: Chrome) -> str:
    deadline = monotonic() + 10
    while not (text := browser.find_element(By.ID, "status").text):
        assert monotonic() < deadline
        sleep(0.02)
    return str(text)


def requested(browser: Chrome) -> list[str]:
    """Every address that the browser asked a server for."""
    entries = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]  # type: ignore[no-untyped-call]  # selenium's own
    asked = [each["params"]["request"]["url"] for each in entries if each["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if address.startswith("http")]


def test_a_button_confirms_the_address_and_the_token_goes_nowhere_else(
    browser: Chrome, service: Served, folder: Path
) -> None:
    link = here(mailed(folder, "verify_email"), service)
    token = link.partition("=")[2]

    browser.get(link)

    assert browser.current_url == f"{service.url}/verify-email"
    password = browser.find_element(By.ID, "password")
    for typed, complaint in (("", "Enter your password."), ("not the password of it", "This is not the password")):
        password.send_keys(typed, Keys.ENTER)
        deadline = monotonic() + 10
        while complaint not in browser.find_element(By.ID, "password-error").text:
            assert monotonic() < deadline
            sleep(0.02)
        password.clear()
    password.send_keys(PASSWORD, Keys.ENTER)
    assert said(browser) == "Your email address is confirmed. Sign in with your password."
    asked = requested(browser)
    assert all(address.startswith(service.url) for address in asked), asked
    assert [address for address in asked if token in address.partition("#")[0]] == []
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]  # selenium's own
    assert [entry for entry in severe if "/api/auth/verify-email" not in entry["message"]] == []  # a refusal is logged
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")

    browser.get("about:blank")
    browser.get(link)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "button").click()
    assert "invalid" in said(browser)


def test_a_new_password_is_chosen_from_forgetting_to_signing_in(browser: Chrome, service: Served, folder: Path) -> None:
    browser.get(f"{service.url}/reset-password")
    browser.find_element(By.ID, "email").send_keys("jane@example.org", Keys.ENTER)
    assert said(browser) == "If this address has an account, you will receive an email shortly."

    browser.get("about:blank")
    browser.get(here(mailed(folder, "reset_password"), service))
    first, again = browser.find_element(By.ID, "password"), browser.find_element(By.ID, "again")
    first.send_keys("short")
    again.send_keys("short", Keys.ENTER)
    deadline = monotonic() + 10
    while "at least" not in browser.find_element(By.ID, "password-error").text:
        assert monotonic() < deadline
        sleep(0.02)
    for field in (first, again):
        field.clear()
    first.send_keys(NEW_PASSWORD)
    again.send_keys("another", Keys.ENTER)
    assert browser.find_element(By.ID, "again-error").text == "The passwords do not match."
    again.clear()
    again.send_keys(NEW_PASSWORD, Keys.ENTER)

    assert said(browser).startswith("Your password was changed")
    proof = {"email": "jane@example.org", "password": NEW_PASSWORD}
    assert httpx.post(f"{service.url}/api/auth/login", json=proof, trust_env=False).status_code == 200
