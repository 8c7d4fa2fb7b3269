"""Litestar applications of hosts, and how a test calls them."""

from collections.abc import Sequence
from typing import Any

import attrs
from litestar import Litestar, get, post
from litestar.di import NamedDependency
from litestar.testing import TestClient
from tests.integration.http.client import PASSWORD
from tests.integration.http.service import START, Clock, accounts_over

from accounts_core import Accounts, ProfileType, User
from accounts_core.ports.store import UnitOfWork
from accounts_core.results import Caller
from accounts_litestar import AccountsPlugin
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore
from accounts_profiles import profile_type
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


@attrs.frozen
class Customer:
    company: str = "none"


CUSTOMER: ProfileType[Customer] = profile_type(Customer)


@get("/me")
async def me(current_user: NamedDependency[User[Customer]]) -> dict[str, str]:
    return {"name": current_user.name, "company": current_user.profile.company}


@get("/maybe")
async def maybe(optional_user: NamedDependency[User | None]) -> dict[str, str | None]:
    return {"name": optional_user.name if optional_user else None}


@post("/dangerous", status_code=200)
async def dangerous(recent_user: NamedDependency[User]) -> dict[str, str]:
    return {"name": recent_user.name}


@get("/session")
async def session(current_session: NamedDependency[Caller[Customer]]) -> dict[str, Any]:
    return {"name": current_session.user.name, "session": current_session.session.id}


@get("/sessions")
async def sessions(
    optional_session: NamedDependency[Caller | None], recent_session: NamedDependency[Caller]
) -> dict[str, bool]:
    return {"same": optional_session is not None and optional_session.session.id == recent_session.session.id}


@get("/open")
async def public() -> str:
    return "open"


ROUTES = (me, maybe, dangerous, session, sessions, public)
