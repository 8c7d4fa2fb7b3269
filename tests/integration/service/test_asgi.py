"""The whole service as an ASGI application made from settings: served, and mounted (E14, E29)."""

import logging
import sys
import warnings
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from fastapi import FastAPI
from litestar import Litestar, asgi
from litestar.testing import TestClient as LitestarClient
from tests.integration.cli.harness import PASSWORD, settings

from accounts_service.asgi import ServiceApp, create_app
from accounts_service.errors import ServiceError
from accounts_service.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it prefers another client than httpx
    from fastapi.testclient import TestClient

NEW = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
URL = "https://h.example/accounts"


def service(folder: Path, **values: str) -> ServiceApp:
    given = settings(database_url=f"sqlite:///{folder}/accounts.db", stripe_simulator="true", **values)
    return create_app(Settings.parse(given))


def in_fastapi(mounted: ServiceApp) -> Any:
    app = FastAPI(lifespan=lambda _: mounted.lifespan())
    app.mount("/accounts", mounted)
    return TestClient(app)


def in_litestar(mounted: ServiceApp) -> Any:
    handler = asgi("/accounts", is_mount=True, copy_scope=True)(mounted)
    return LitestarClient(Litestar([handler], lifespan=[lambda _: mounted.lifespan()], logging_config=None))


@pytest.mark.parametrize("mount", [in_fastapi, pytest.param(in_litestar, marks=pytest.mark.long)])
def test_a_mounted_service_migrates_works_and_is_opened_again(mount: Any, folder: Path) -> None:
    mounted = service(folder, public_url=URL)
    client, mails = mount(mounted), list[Path]()
    for number in range(2):
        with client:
            new = NEW | {"email": f"jane{number}@example.org"}
            assert client.post("/accounts/api/auth/register", json=new).status_code == 201
            assert client.get("/accounts/schema/openapi.json").json()["servers"] == [{"url": "/accounts"}]
            assert client.get("/accounts/health/ready").json() == {"status": "ok"}
            assert client.get("/accounts/nothing").headers["content-type"] == "application/problem+json"
            deadline = monotonic() + 20
            while len(mails := list((folder / "mail").glob("*.verify_email.eml"))) <= number:
                assert monotonic() < deadline
                sleep(0.02)
    text = mails[0].read_text().replace("=\n", "").replace("=3D", "=")
    assert f"{URL}/verify-email#token=acm_" in text


def test_e29_a_mounted_service_whose_lifespan_nobody_runs_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    app.mount("/accounts", service(folder, public_url=URL))
    with TestClient(app) as client, caplog.at_level(logging.ERROR):
        for path in ("/accounts/api/users/current", "/accounts/health/live"):
            refused = client.get(path)
            assert refused.status_code == 503
            assert refused.json()["detail"] == "A service that this request needs is unavailable. Try again later."

    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert "FastAPI(lifespan=lambda _: service.lifespan())" in told[0]
    assert not (folder / "accounts.db").exists()


def test_a_mount_elsewhere_than_the_public_url_is_told_of(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with in_fastapi(service(folder, public_url="https://h.example")) as client:
        for _ in range(2):
            assert client.get("/accounts/health/live").status_code == 200

    told = [record.message for record in caplog.records if "mounted at" in record.message]
    assert len(told) == 1
    assert told[0].startswith(
        "The accounts service is mounted at /accounts, and ACCOUNTS_PUBLIC_URL is https://h.example:"
    )


def test_simulated_payments_are_refused_unless_the_settings_say_so() -> None:
    with pytest.raises(ServiceError, match="ACCOUNTS_STRIPE_SIMULATOR=true"):
        create_app(Settings.parse({}))


def test_a_database_that_cannot_be_opened_ends_the_start(folder: Path) -> None:
    mounted = create_app(
        Settings.parse(settings(database_url=f"sqlite:///{folder}/no/such.db", stripe_simulator="true"))
    )
    with pytest.raises(ServiceError, match="cannot be written"), TestClient(mounted):
        pass


@pytest.mark.long
def test_uvicorn_serves_it_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import re
    import subprocess

    import httpx

    given = settings(database_url=f"sqlite:///{folder}/accounts.db", stripe_simulator="true", public_url=URL)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "uvicorn", "--factory", "accounts_service.asgi:create_app", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        while not (found := re.search(r"running on (\S+)", line := process.stderr.readline())):
            assert line
        with httpx.Client(base_url=found[1], trust_env=False) as client:
            assert client.post("/accounts/api/auth/register", json=NEW).status_code == 201
            assert client.post("/api/auth/login", json={"email": NEW["email"], "password": PASSWORD}).status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == -15 or process.returncode == 0
