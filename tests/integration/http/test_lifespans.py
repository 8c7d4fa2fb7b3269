"""E18: an application whose lifespan is opened, closed and opened again, each time on another event loop."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.integration.http.client import PASSWORD

from accounts_argon2 import AsyncArgon2Hasher, Cost
from accounts_core import Accounts, MailDispatch
from accounts_litestar import AccountsPlugin, create_app
from accounts_memory import MemoryMailer
from accounts_sql import AsyncSqlStore, create_async_engine, migrate
from accounts_stripe import StripeGateway
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient
from accounts_system import SystemClock, SystemSecrets, Worker
from accounts_system.worker import working

Lifespan = Callable[[Litestar], Any]


def whole(accounts: Accounts[Any], lifespan: Lifespan) -> Litestar:
    return create_app(accounts, lifespan=[lifespan])


def plugged_in(accounts: Accounts[Any], lifespan: Lifespan) -> Litestar:
    return Litestar(plugins=[AccountsPlugin(accounts)], lifespan=[lifespan], logging_config=None)


@pytest.mark.parametrize("make_app", [whole, plugged_in])
def test_e18_what_was_closed_is_opened_again(make_app: Callable[..., Litestar], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'accounts.db'}"
    migrate(url)
    engine, clock, secrets = create_async_engine(url), SystemClock(), SystemSecrets()
    simulator = Simulator(clock, secrets)
    hasher = AsyncArgon2Hasher(Cost(memory_kib=8, passes=1))
    gateway = StripeGateway.connect("sk_test_simulator", http_client=SimulatorHTTPClient(simulator))
    accounts = Accounts(
        store=AsyncSqlStore(engine),
        payments=gateway,
        passwords=hasher,
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        mail_dispatch=MailDispatch.WORKER,
    )
    worker = Worker(accounts, idle_seconds=0.01)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with hasher, gateway, working(worker, limit_seconds=lambda: 10):
            yield
        await engine.dispose()

    app = make_app(accounts, lifespan)

    for number in range(3):
        with TestClient(app) as client:
            email = f"user{number}@example.org"
            jane = {"email": email, "password": PASSWORD, "name": "Jane Doe"}
            assert client.post("/api/auth/register", json=jane).status_code == 201
            signed_in = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
            headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
            answer = client.post(
                "/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"}, headers=headers
            )
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    simulator.close()
