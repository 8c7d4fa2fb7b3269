import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.unit.stripe.objects import CREATED, Json, a_customer, a_payment_method, an_intent

from accounts_stripe import InvalidEvent, InvalidSignature, verify_webhook

NOW = datetime.fromtimestamp(CREATED, UTC)
SECRET = "whsec_test"


def an_event(about: Json, type: str = "payment_method.attached", **data: Any) -> bytes:
    event = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": CREATED,
        "data": {"object": about, **data},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": None},
        "type": type,
    }
    return json.dumps(event).encode()


def signature(payload: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    return hmac.new(secret.encode(), f"{int(at.timestamp())}.".encode() + payload, sha256).hexdigest()


def header(payload: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    return f"t={int(at.timestamp())},v1={signature(payload, secret=secret, at=at)}"


ATTACHED = an_event(a_payment_method(customer="cus_1"))


def test_a_signed_event_says_what_happened_to_whom() -> None:
    event = verify_webhook(ATTACHED, header(ATTACHED), SECRET, NOW)

    assert (event.id, event.type, event.created, event.livemode) == ("evt_1", "payment_method.attached", NOW, False)
    assert (event.object_id, event.customer_id) == ("pm_1", "cus_1")


@pytest.mark.parametrize("off", [timedelta(seconds=300), timedelta(seconds=-300)])
def test_five_minutes_either_way_are_borne(off: timedelta) -> None:
    assert verify_webhook(ATTACHED, header(ATTACHED, at=NOW + off), SECRET, NOW).id == "evt_1"


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301), timedelta(days=-3000)])
def test_an_old_event_and_one_from_the_future_are_refused(off: timedelta) -> None:
    with pytest.raises(InvalidSignature, match="time"):
        verify_webhook(ATTACHED, header(ATTACHED, at=NOW + off), SECRET, NOW)


def test_another_secret_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="fits"):
        verify_webhook(ATTACHED, header(ATTACHED, secret="whsec_other"), SECRET, NOW)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(InvalidSignature, match="fits"):
        verify_webhook(ATTACHED.replace(b"cus_1", b"cus_2"), header(ATTACHED), SECRET, NOW)


def test_a_changed_time_is_refused() -> None:
    later = header(ATTACHED).replace(f"t={CREATED}", f"t={CREATED + 1}")

    with pytest.raises(InvalidSignature, match="fits"):
        verify_webhook(ATTACHED, later, SECRET, NOW)


def test_one_of_several_signatures_has_to_fit() -> None:
    other = signature(ATTACHED, secret="whsec_old")
    both = f"t={CREATED},v1={other},v1={signature(ATTACHED)},v0=abc"
    neither = f"t={CREATED},v1={other},v1={'0' * 64}"

    assert verify_webhook(ATTACHED, both, SECRET, NOW).id == "evt_1"
    with pytest.raises(InvalidSignature, match="fits"):
        verify_webhook(ATTACHED, neither, SECRET, NOW)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        f"v1={signature(ATTACHED)}",
        f"t={CREATED}",
        f"t={CREATED},v0={signature(ATTACHED)}",
        f"t={CREATED},t={CREATED},v1={signature(ATTACHED)}",
        f"t=-{CREATED},v1={signature(ATTACHED)}",
        f"t={'9' * 40},v1={signature(ATTACHED)}",
        f"t=\N{ARABIC-INDIC DIGIT ONE}700000000,v1={signature(ATTACHED)}",
        f"t={CREATED},v1=",
        f"t={CREATED},v1=é",
    ],
)
def test_a_header_of_another_kind_is_refused(sent: str) -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(ATTACHED, sent, SECRET, NOW)


def test_without_a_secret_nothing_is_accepted_not_even_what_nothing_signed() -> None:
    with pytest.raises(InvalidSignature, match="secret"):
        verify_webhook(ATTACHED, header(ATTACHED, secret=""), "", NOW)


def test_a_time_that_no_clock_shows_is_refused() -> None:
    far = f"t={'9' * 12},v1={hmac.new(SECRET.encode(), b'9' * 12 + b'.' + ATTACHED, sha256).hexdigest()}"

    with pytest.raises(InvalidSignature):
        verify_webhook(ATTACHED, far, SECRET, NOW)


@pytest.mark.parametrize(
    ("payload", "customer"),
    [
        (an_event(a_customer("cus_9"), "customer.updated"), "cus_9"),
        (an_event(a_customer("cus_9"), "customer.deleted"), "cus_9"),
        (an_event(an_intent(), "payment_intent.amount_capturable_updated"), "cus_1"),
        (an_event(an_intent(customer=a_customer("cus_8")), "payment_intent.canceled"), "cus_8"),
        (
            an_event(a_payment_method(), "payment_method.detached", previous_attributes={"customer": "cus_7"}),
            "cus_7",
        ),
        (an_event(a_payment_method(), "payment_method.updated"), None),
        (an_event({"object": "balance", "available": []}, "balance.available"), None),
    ],
)
def test_the_customer_is_found_wherever_the_event_names_it(payload: bytes, customer: str | None) -> None:
    assert verify_webhook(payload, header(payload), SECRET, NOW).customer_id == customer


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'"evt_1"',
        b'{"id": "evt_\\u0000", "type": "x", "created": 1, "data": {"object": {}}}',
        b'{"id": "evt_\\ud800", "type": "x", "created": 1, "data": {"object": {}}}',
        b'{"id": "evt_1", "type": "x", "created": 1, "data": {"object": {"object": "customer", "id": "cus_\\u0000"}}}',
        b'{"id": "evt_1", "type": "x", "created": 1, "data": {"object": {"id": "pm_1", "customer": "cus_\\ud800"}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_signed_but_no_event_is_refused_as_that(payload: bytes) -> None:
    with pytest.raises(InvalidEvent):
        verify_webhook(payload, header(payload), SECRET, NOW)


THIN = {
    "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0",
    "object": "v2.core.event",
    "type": "v2.core.event_destination.ping",
    "livemode": False,
    "created": "2024-09-17T06:20:52.246Z",
    "related_object": {
        "id": "ed_test_61R9IjAQzpQb",
        "type": "event_destination",
        "url": "/v2/core/event_destinations/ed_test_61R9IjAQzpQb",
    },
}


def test_a_thin_event_names_nobody() -> None:
    """F9: https://docs.stripe.com/event-destinations, "Thin events"."""
    payload = json.dumps(THIN).encode()

    event = verify_webhook(payload, header(payload), SECRET, NOW)

    assert (event.id, event.type) == (THIN["id"], "v2.core.event_destination.ping")
    assert event.created == datetime(2024, 9, 17, 6, 20, 52, 246000, tzinfo=UTC)
    assert (event.object_id, event.customer_id, event.livemode) == (None, None, False)


@pytest.mark.parametrize(
    ("body", "id", "customer"),
    [
        ({}, None, None),
        ({"id": 1, "type": 2, "created": [], "data": {"object": {"customer": "cus_1"}}}, None, "cus_1"),
        ({"id": "evt_1"}, "evt_1", None),
        ({"id": "evt_1", "data": None}, "evt_1", None),
        ({"id": "evt_1", "data": []}, "evt_1", None),
        ({"id": "evt_1", "data": {"object": "pm_1"}}, "evt_1", None),
        ({"id": "evt_1", "created": 10**30, "data": {"object": {"customer": ["cus_1"]}}}, "evt_1", None),
        ({"id": "evt_1", "created": "yesterday", "data": {"object": {"object": "customer"}}}, "evt_1", None),
        ({"id": "evt_1", "data": {"object": None, "previous_attributes": {"customer": "cus_1"}}}, "evt_1", "cus_1"),
    ],
    ids=str,
)
def test_what_a_signed_object_lacks_is_none(body: Json, id: str | None, customer: str | None) -> None:
    """F9: whatever Stripe signs, refusing it would only have Stripe send it again."""
    payload = json.dumps(body).encode()

    event = verify_webhook(payload, header(payload), SECRET, NOW)

    assert (event.id, event.customer_id) == (id, customer)
