"""Stripe's webhooks: that an event is Stripe's, and whom it is about.

An event is no more than a hint that something changed: events come late, twice and out of order, so what it says is
not taken from it. Whoever gets one reads the customer again.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import attrs

from accounts_core.errors import ClientError
from accounts_core.model.card_numbers import holds_card_number
from accounts_stripe.converters import id_of

TOLERANCE: Final = timedelta(seconds=300)
"""How far an event's time may be from ours, either way. Source: Stripe's documentation, "Verify signatures"."""

_SCHEME: Final = "v1"
_MAX_DIGITS: Final = 12
_MAX_ID: Final = 255


class InvalidSignature(ClientError):
    """This was not signed by Stripe with the endpoint's secret, or not just now."""


class InvalidEvent(ClientError):
    """The signature is right, but what it signs is no event."""


@attrs.frozen(kw_only=True)
class StripeEvent:
    """What happened to which object. `id` is the same each time that the event is delivered."""

    id: str | None
    """None for what has no id, and so is nothing that can be dealt with once."""
    type: str | None
    created: datetime | None
    livemode: bool
    object_id: str | None
    """What the event is about: a customer, a payment method or a payment intent. A thin event does not say."""
    customer_id: str | None
    """Whose it is; for a payment method that was detached, whose it was."""


def verify_webhook(payload: bytes, header: str, secret: str, now: datetime) -> StripeEvent:
    """Return the event that Stripe sent.

    `payload` is the body as it came, `header` the request's `Stripe-Signature`, `secret` the endpoint's (`whsec_...`),
    `now` the time with its zone. While a secret is rolled there are several signatures, and one has to fit. What a
    signed object lacks is None, as in a thin event, which names no object. Raises `InvalidSignature`, always when there
    is no secret, and `InvalidEvent`.
    """
    if not secret:
        raise InvalidSignature("No webhook secret is set, so nothing can be verified.")
    timestamp, signatures = _read(header)
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, sha256).hexdigest()
    fits = [hmac.compare_digest(expected.encode(), signature.encode(errors="replace")) for signature in signatures]
    if not any(fits):
        raise InvalidSignature("No signature fits.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise InvalidSignature("The signature's time is too far from now.")
    return _event(payload)


def _read(header: str) -> tuple[str, list[str]]:
    """Read `t=1699999999,v1=5257a8...,v1=...`; schemes other than v1 are left aside."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == _SCHEME]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= _MAX_DIGITS):
        raise InvalidSignature("The signature has no time.")
    if not signatures:
        raise InvalidSignature("The header has no signature that is known.")
    return times[0], signatures


def _event(payload: bytes) -> StripeEvent:
    """Read what is there. Stripe sends events of several forms, and sends one again that is refused."""
    try:
        event: dict[str, Any] = dict(json.loads(payload.decode()).items())
        data = _part(event, "data")
        about, before = _part(data, "object"), _part(data, "previous_attributes")
        customer = _customer_of(about) or id_of(before.get("customer"))
        event_id = _text(event.get("id"))
        return StripeEvent(
            id=None if event_id is None else _storable(event_id),
            type=_text(event.get("type")),
            created=_time(event.get("created")),
            livemode=bool(event.get("livemode")),
            object_id=id_of(about),
            customer_id=None if customer is None else _storable(customer),
        )
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidEvent(f"This is no event of Stripe's: {type(error).__name__}.") from error


def _part(object: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = object.get(name)
    return found if isinstance(found, dict) else {}


def _customer_of(about: Mapping[str, Any]) -> str | None:
    return id_of(about) if about.get("object") == "customer" else id_of(about.get("customer"))


def _time(value: Any) -> datetime | None:
    """Read seconds since 1970, or the text that thin events have."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _storable(id: str) -> str:
    """Return an id that goes into a database, where a NUL or half of a surrogate pair cannot go."""
    if len(id) > _MAX_ID or not id.isprintable() or holds_card_number(id):
        raise ValueError("Stripe has no such ids.")
    return id


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
