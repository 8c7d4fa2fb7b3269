"""Starting and stopping with a FastAPI application, whose own lifespan stays as it is."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from tests.integration.fastapi.hosts import JANE, TestClient, client_of, host_accounts
from tests.integration.http.client import PROBLEM, URN

from accounts_core import User
from accounts_core.errors import ConfigurationError
from accounts_fastapi import FastAPIAccounts
from accounts_sql import AsyncSqlStore, create_async_engine


@pytest.fixture
def auth(tmp_path: Path) -> FastAPIAccounts[Any]:
    """Accounts on a database without tables."""
    engine = create_async_engine(f"sqlite:///{tmp_path}/accounts.db")
    return FastAPIAccounts(host_accounts(AsyncSqlStore(engine)).accounts, migrate=True, worker=True)


def test_e18_an_application_is_opened_closed_and_opened_again(auth: FastAPIAccounts[Any]) -> None:
    app = FastAPI()
    auth.install(app)

    for status in (201, 409):
        with client_of(app) as client:
            assert client.post("/api/auth/register", json=JANE).status_code == status


def test_the_hosts_lifespan_runs_within_ours_and_its_state_survives(auth: FastAPIAccounts[Any]) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        user = await auth._accounts.register(email="host@example.org", password="a long and quiet river", name="Host")
        told.append(f"started {user.id}")  # the tables are there
        yield {"shop": "open"}
        told.append((await auth._accounts.find_user("host@example.org")).name)  # the accounts are not closed yet

    app = FastAPI(lifespan=own)

    @app.get("/state")
    async def state(request: Request) -> str:
        return str(request.state.shop)

    auth.install(app)
    with client_of(app) as client:
        assert client.get("/state").json() == "open"

    assert told == ["started 1", "Host"]


def test_events_of_the_host_run_as_before(auth: FastAPIAccounts[Any]) -> None:
    told: list[str] = []
    app = FastAPI(on_startup=[lambda: told.append("up")], on_shutdown=[lambda: told.append("down")])
    auth.install(app)

    with client_of(app):
        assert told == ["up"]

    assert told == ["up", "down"]


def test_a_host_whose_start_fails_closes_the_accounts(auth: FastAPIAccounts[Any]) -> None:
    def fail() -> None:
        raise ValueError("no shop today")

    app = FastAPI(on_startup=[fail])
    auth.install(app)

    with pytest.raises(ValueError, match="no shop today"), client_of(app):
        pytest.fail("It started.")
    assert not auth._hosting.is_running


@pytest.fixture
def mounted(auth: FastAPIAccounts[Any]) -> Iterator[TestClient]:
    """A client of an application that mounts another one and does not run its lifespan."""
    outer, inner = FastAPI(), FastAPI()
    auth.install(inner)

    @inner.get("/me")
    async def me(user: Annotated[User | None, Depends(auth.optional_user)]) -> bool:
        return user is None

    outer.mount("/inner", inner)
    with client_of(outer) as client:
        yield client


def test_e29_a_mounted_application_that_nobody_starts_says_so(
    mounted: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    for method, path in (("GET", "/api/users/current"), ("POST", "/api/auth/register"), ("GET", "/me")):
        answer = mounted.request(method, f"/inner{path}", headers={"Authorization": "Bearer acc_x"})
        assert (answer.status_code, answer.json()["type"]) == (503, URN + "unavailable")
        assert answer.headers["content-type"] == PROBLEM
        assert answer.headers["retry-after"] == "5"

    said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 1
    assert "auth.lifespan(app)" in said[0]


def test_without_migration_and_worker_such_an_application_serves_and_warns(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    FastAPIAccounts(host_accounts().accounts).install(app)

    client = TestClient(app)  # not entered
    assert client.post("/api/auth/register", json=JANE).status_code == 201

    assert [record.levelno for record in caplog.records if record.name == "accounts_http"] == [logging.WARNING]


def test_it_cannot_be_installed_in_an_application_that_has_started(auth: FastAPIAccounts[Any]) -> None:
    """Handlers and the lifespan would be missing, without a word."""

    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncIterator[None]:
        auth.install(app)
        yield

    with pytest.raises(ConfigurationError, match="The application has started"), client_of(FastAPI(lifespan=own)):
        pass


def test_two_lifespans_at_once_are_one(auth: FastAPIAccounts[Any]) -> None:
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app)

    with client_of(app) as client:
        assert client.post("/api/auth/register", json=JANE).status_code == 201
    assert not auth._hosting.is_running
