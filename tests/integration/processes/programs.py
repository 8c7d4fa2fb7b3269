"""The service and the Stripe simulator, each in a process of its own, and what a person asks of them."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Self, TypeAlias

import attrs
import httpx
from tests.integration.cli.harness import COMMAND, PASSWORD, PATIENCE_SECONDS, Served

from accounts_stripe_simulator import Ledger

STRIPE_KEY: Final = "sk_test_simulator"
CARDS_URL: Final = "/api/users/current/list-payment-methods"
VERIFY_URL: Final = "/api/users/current/verify-payment"

Start: TypeAlias = Callable[..., Served]


def start_program(*arguments: str, **environment: str) -> Served:
    """Start `accounts` with these arguments; of the settings it has those that are given here."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    program = Served(process)
    threading.Thread(target=program._read).start()
    return program


def kill(program: Served) -> None:
    """End it with SIGKILL, if it still runs, and read the rest of what it said."""
    program.process.kill()
    program.end()


@attrs.frozen
class StripeServer:
    """The simulator behind its port."""

    url: str
    _client: httpx.Client = attrs.field(repr=False)

    @classmethod
    @contextmanager
    def at(cls, url: str) -> Iterator[Self]:
        headers = {"Authorization": f"Bearer {STRIPE_KEY}"}
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            yield cls(url, client)

    def settings(self, database_url: str) -> dict[str, str]:
        """Return the settings of a service that keeps its accounts in this database and its cards here."""
        return {
            "ACCOUNTS_DATABASE_URL": database_url,
            "ACCOUNTS_STRIPE_API_KEY": STRIPE_KEY,
            "ACCOUNTS_STRIPE_API_BASE": self.url,
            "ACCOUNTS_LIMITS": "verify-card.*=1000/hour",
        }

    def new_card(self, token: str) -> dict[str, Any]:
        """Make a payment method, as the page in a browser does, and return Stripe's object. Safe from any thread."""
        return _body(self._client.post("/v1/payment_methods", data={"type": "card", "card[token]": token}))

    def delay(self, request: str, *, seconds: float) -> None:
        """Have the next such request take its time."""
        _body(self._client.post("/simulator/faults", data={"on": request, "kind": "delay", "seconds": f"{seconds}"}))

    def ledger(self) -> Ledger:
        books = _body(self._client.get("/simulator/ledger"))
        return Ledger(**{field.name: books[field.name] for field in attrs.fields(Ledger)})


@attrs.frozen
class Person:
    """Somebody who has signed up and in."""

    id: str
    """The user's id, as it stands in the metadata of the provider's customer."""
    headers: Mapping[str, str]

    @classmethod
    def sign_up(cls, client: httpx.Client, email: str) -> Self:
        profile = {"email": email, "password": PASSWORD, "name": "Jane Doe"}
        _body(client.post("/api/auth/register", json=profile), status=201)
        token = _body(client.post("/api/auth/login", json={"email": email, "password": PASSWORD}))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        user = _body(client.get("/api/users/current", headers=headers))
        return cls(id=user["_id"], headers=headers)

    def cards(self, client: httpx.Client) -> dict[str, str]:
        """Return the fingerprints of the person's cards, by payment method."""
        listed = _body(client.get(CARDS_URL, headers=self.headers))["data"]
        return {card["id"]: card["card"]["fingerprint"] for card in listed}


def _body(answer: httpx.Response, *, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body
