"""Events as Stripe sends them."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import httpx
from tests.integration.http.client import Client

from accounts_core.ports.clock import Clock
from accounts_litestar import Webhook
from accounts_stripe import StripeEvent, verify_webhook

SECRET = "whsec_of_the_tests"
PATH = "/webhooks/stripe"
_NUMBERS = count(1)


def checking(clock: Clock) -> Webhook:
    """Tell Stripe's events from others' by the tests' secret."""

    def check(body: bytes, headers: Mapping[str, str]) -> StripeEvent:
        return verify_webhook(body, headers.get("stripe-signature", ""), SECRET, clock.now())

    return check


def an_event(customer: str | None, *, id: str | None = None, padding: int = 0) -> bytes:
    """Return the body of an event about a customer, or about nobody; `padding` makes it longer by as many bytes."""
    about = {"object": "payment_method", "id": "pm_1", "customer": customer, "metadata": {"padding": "x" * padding}}
    event: dict[str, Any] = {
        "id": id or f"evt_{next(_NUMBERS)}",
        "object": "event",
        "created": 1_699_259_409,
        "data": {"object": about},
        "livemode": False,
        "type": "payment_method.updated",
        "a_field_of_tomorrow": {},
    }
    return json.dumps(event).encode()


def signature(body: bytes, at: datetime, *, secret: str = SECRET) -> str:
    moment = int(at.timestamp())
    code = hmac.new(secret.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    return f"t={moment},v1={code}"


async def send(
    api: Client, clock: Clock, body: bytes, *, secret: str = SECRET, off: timedelta = timedelta(0)
) -> httpx.Response:
    """Post an event as Stripe does; `off` is how far Stripe's clock is from ours."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": signature(body, clock.now() + off, secret=secret),
    }
    return await api.request("POST", PATH, content=body, headers=headers)
