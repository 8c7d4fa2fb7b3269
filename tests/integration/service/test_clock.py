"""A7 under real processes: the machine's clock is set, and the service follows it."""

import hmac
import json
import time
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.cli.harness import PASSWORD, PATIENCE_SECONDS, Serve
from tests.integration.machine_clock import MachineClock, machine_clock, shifting_library

__all__ = ["machine_clock", "shifting_library"]

DAY = timedelta(days=1)
SECRET = "whsec_mine"
JANE = {"email": "jane@example.org", "password": PASSWORD}
ANOTHER = "an entirely different password"


def sign_up(client: httpx.Client) -> None:
    """Sign Jane up, and go on with her token."""
    assert client.post("/api/auth/register", json={**JANE, "name": "Jane Doe"}).status_code == 201
    client.headers["authorization"] = f"Bearer {client.post('/api/auth/login', json=JANE).json()['access_token']}"


def until(found: Any) -> Any:
    """Return what `found` does, once it is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return result


def reset_token(folder: Path) -> str:
    """Return the token of one of the mails, the last to come."""
    mails = until(lambda: found if len(found := list((folder / "mail").glob("*.reset_password.eml"))) == 5 else None)
    body = message_from_bytes(mails[0].read_bytes(), policy=default).get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return next(word.rpartition("=")[2] for word in text.split() if "/reset-password" in word)


def test_a7_the_clock_goes_back_a_day(serve: Serve, folder: Path, machine_clock: MachineClock) -> None:
    served = serve(**machine_clock.environment)
    with served.client() as client:
        sign_up(client)
        asked = [client.post("/api/auth/forgot-password", json={"email": "jane@example.org"}) for _ in range(6)]
        assert [answer.status_code for answer in asked] == [202] * 5 + [429]
        token = reset_token(folder)

        machine_clock.set(-DAY)

        reset = {"token": token, "password": ANOTHER}
        for minutes in (0, 11):
            machine_clock.set(-DAY + timedelta(minutes=minutes))
            assert client.post("/api/auth/reset-password", json=reset).status_code == 422
        machine_clock.set(-DAY)
        both = {"password": ANOTHER, "password_confirmation": ANOTHER}
        assert client.put("/api/v1/user", json=both).status_code == 403
        refused = client.post("/api/auth/forgot-password", json={"email": "jane@example.org"})
        assert refused.status_code == 429
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 3600
        machine_clock.set(-DAY + timedelta(seconds=wait + 1))
        assert client.post("/api/auth/forgot-password", json={"email": "jane@example.org"}).status_code == 202
    assert served.stop() == 0


@pytest.mark.long
def test_a7_the_clock_is_a_day_ahead_for_a_moment(
    serve: Serve, folder: Path, machine_clock: MachineClock, stripe_server: str
) -> None:
    """What fails meanwhile, and what is held meanwhile, does not wait a day; Stripe's events are taken again."""
    served = serve(
        **machine_clock.environment,
        ACCOUNTS_STRIPE_API_KEY="sk_test_any",
        ACCOUNTS_STRIPE_API_BASE=stripe_server,
        ACCOUNTS_STRIPE_WEBHOOK_SECRET=SECRET,
    )
    faults = {"on": "POST /v1/payment_intents/*/cancel", "kind": "rate_limit", "times": "all"}

    def open_holds() -> list[str]:
        holds: list[str] = httpx.get(f"{stripe_server}/simulator/ledger").json()["open_holds"]
        return holds

    with served.client() as client:
        sign_up(client)
        assert event(client) == (204, "")

        machine_clock.set(DAY)
        httpx.post(f"{stripe_server}/simulator/faults", data=faults)
        answer = client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
        assert answer.status_code == 503
        assert event(client)[0] == 400
        assert len(open_holds()) == 1
        time.sleep(1.5)
        machine_clock.set(timedelta(0))

        assert event(client) == (204, "")
        served.wait_for("The machine's clock was wrong")  # at once: the worker sees the jump
        httpx.request("DELETE", f"{stripe_server}/simulator/faults")
        assert len(open_holds()) == 1  # its job is held under a lease
        machine_clock.set(timedelta(minutes=6))
        until(lambda: not open_holds())
        machine_clock.set(timedelta(0))
        until(lambda: client.get("/api/users/current/list-payment-methods").json()["data"])
    assert served.stop() == 0


def event(client: httpx.Client) -> tuple[int, str]:
    """Deliver an event as Stripe does, by the right time, and return the status and the text of the answer."""
    moment = int(time.time())
    about = {"object": "payment_method", "id": "pm_1", "customer": "cus_nobodys"}
    body = json.dumps(
        {
            "id": f"evt_{uuid4().hex}",
            "object": "event",
            "created": moment,
            "data": {"object": about},
            "livemode": False,
            "type": "payment_method.updated",
        }
    ).encode()
    code = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    headers = {"content-type": "application/json", "stripe-signature": f"t={moment},v1={code}"}
    answer = client.post("/webhooks/stripe", content=body, headers=headers)
    return answer.status_code, answer.text
