"""FastAPI applications of hosts, and how a test calls them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from fastapi import FastAPI
from tests.integration.http.client import PASSWORD
from tests.integration.http.service import START, Clock, accounts_over

from accounts_core import Accounts
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore
from accounts_system import SystemSecrets

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it prefers another client than httpx
    from fastapi.testclient import TestClient

JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}

__all__ = ["JANE", "Host", "TestClient", "bearer", "client_of", "host_accounts"]


@attrs.frozen(kw_only=True)
class Host:
    """The accounts of a host, in memory, and what is around them."""

    accounts: Accounts[Any]
    clock: Clock
    store: Any
    mails: MemoryMailer


def host_accounts(store: Any = None, **how: Any) -> Host:
    clock, mails = Clock(START), MemoryMailer()
    store = MemoryStore() if store is None else store
    gateway = MemoryGateway(clock, SystemSecrets())
    return Host(
        accounts=accounts_over(store, clock, gateway, mails=mails, **how), clock=clock, store=store, mails=mails
    )


@contextmanager
def client_of(app: FastAPI, **how: Any) -> Iterator[TestClient]:
    """Open the application with its lifespan, on one event loop."""
    with TestClient(app, **how) as client:
        yield client


def bearer(client: TestClient, accounts: Accounts[Any], *, email: str = "jane@example.org") -> dict[str, str]:
    """Register and sign in somebody, and return the header of their requests."""

    async def sign_in() -> str:
        await accounts.register(email=email, password=PASSWORD, name="Jane Doe")
        return (await accounts.sign_in(email=email, password=PASSWORD)).token

    assert client.portal is not None
    return {"Authorization": f"Bearer {client.portal.call(sign_in)}"}
