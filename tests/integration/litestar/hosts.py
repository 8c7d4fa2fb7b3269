"""Litestar applications of hosts, and how a test calls them."""

from collections.abc import Sequence
from typing import Any

import attrs
from litestar import Litestar
from litestar.testing import TestClient
from tests.integration.http.client import PASSWORD
from tests.integration.http.service import START, Clock, accounts_over

from accounts_core import Accounts
from accounts_core.ports.store import UnitOfWork
from accounts_litestar import AccountsPlugin
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore
from accounts_system import SystemSecrets

JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}


@attrs.frozen(kw_only=True)
class Parts:
    """The accounts of a host, in memory, and what is around them."""

    accounts: Accounts[Any, UnitOfWork]
    clock: Clock
    store: Any
    mails: MemoryMailer


def host_accounts(store: Any = None, **how: Any) -> Parts:
    clock, mails = Clock(START), MemoryMailer()
    store = MemoryStore() if store is None else store
    gateway = MemoryGateway(clock, SystemSecrets())
    accounts = accounts_over(store, clock, gateway, mails=mails, **how)
    return Parts(accounts=accounts, clock=clock, store=store, mails=mails)


def host(plugins: "AccountsPlugin[Any] | Sequence[AccountsPlugin[Any]]", *routes: Any, **how: Any) -> Litestar:
    """Make somebody's application."""
    added = list(plugins) if isinstance(plugins, Sequence) else [plugins]
    return Litestar(list(routes), plugins=added, logging_config=None, **how)


def client_of(app: Litestar) -> TestClient[Litestar]:
    return TestClient(app, raise_server_exceptions=False)


def bearer(client: TestClient[Any], at: str = "", email: str = JANE["email"]) -> dict[str, str]:
    """Register and sign in somebody over HTTP, and return the header of their requests."""
    assert client.post(f"{at}/api/auth/register", json=JANE | {"email": email}).status_code == 201
    signed_in = client.post(f"{at}/api/auth/login", json={"email": email, "password": PASSWORD})
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
