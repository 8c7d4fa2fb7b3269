"""Verification of Stripe's webhooks.

Events may arrive late, twice and out of order. An event is therefore only a hint that something changed: the receiver
reads the customer again and does not use the event's data.
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
from accounts_stripe.converters import get_id

TOLERANCE: Final = timedelta(seconds=300)
"""The largest difference of a signature's time. Source: Stripe's documentation, "Verify signatures"."""

_SCHEME: Final = "v1"
_MAX_DIGITS: Final = 12
_MAX_ID: Final = 255


class InvalidSignature(ClientError):
    """The signature is missing, was not made with the endpoint's secret, or is too old or too new."""


class InvalidEvent(ClientError):
    """The signature is valid, but the payload is not an event."""


@attrs.frozen(kw_only=True)
class StripeEvent:
    """An event: its type and the object that it is about. `id` is the same in each delivery of the event."""

    id: str | None
    """None if the event has no id; then a second delivery cannot be recognised."""
    type: str | None
    created: datetime | None
    livemode: bool
    object_id: str | None
    """The id of a customer, a payment method or a payment intent. None for a thin event."""
    customer_id: str | None
    """The customer of the object; for a detached payment method its former customer."""


def verify_webhook(payload: bytes, header: str, secret: str, now: datetime) -> StripeEvent:
    """Verify a webhook and return its event. Fields that the event lacks are None, as in a thin event.

    Args:
        payload: The exact body of the request.
        header: The request's header `Stripe-Signature`. It has several signatures while a secret is being replaced, of
            which one must match.
        secret: The signing secret of the endpoint (`whsec_...`).
        now: The current time, with a time zone.

    Raises:
        InvalidSignature: No signature matches, its time is too far from `now`, or `secret` is empty.
        InvalidEvent: The signed payload is not an event.

    """
    if not secret:
        raise InvalidSignature("The webhook secret is not set.")
    timestamp, signatures = _parse_header(header)
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, sha256).hexdigest()
    fits = [hmac.compare_digest(expected.encode(), signature.encode(errors="replace")) for signature in signatures]
    if not any(fits):
        raise InvalidSignature("No signature fits.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise InvalidSignature("The signature's time is too far from now.")
    return _parse_event(payload)


def _parse_header(header: str) -> tuple[str, list[str]]:
    """Parse `t=1699999999,v1=5257a8...,v1=...`. Schemes other than v1 are ignored."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == _SCHEME]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= _MAX_DIGITS):
        raise InvalidSignature("The signature has no time.")
    if not signatures:
        raise InvalidSignature("The header has no v1 signature.")
    return times[0], signatures


def _parse_event(payload: bytes) -> StripeEvent:
    """Parse an event of any form. Fields are optional, because Stripe sends a refused event again."""
    try:
        event: dict[str, Any] = dict(json.loads(payload.decode()).items())
        data = _get_object(event, "data")
        about, before = _get_object(data, "object"), _get_object(data, "previous_attributes")
        customer = _get_customer_id(about) or get_id(before.get("customer"))
        event_id = _get_text(event.get("id"))
        return StripeEvent(
            id=None if event_id is None else _check_storable(event_id),
            type=_get_text(event.get("type")),
            created=_parse_time(event.get("created")),
            livemode=bool(event.get("livemode")),
            object_id=get_id(about),
            customer_id=None if customer is None else _check_storable(customer),
        )
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidEvent(f"The payload is not a Stripe event: {type(error).__name__}.") from error


def _get_object(object: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = object.get(name)
    return value if isinstance(value, dict) else {}


def _get_customer_id(about: Mapping[str, Any]) -> str | None:
    return get_id(about) if about.get("object") == "customer" else get_id(about.get("customer"))


def _parse_time(value: Any) -> datetime | None:
    """Parse seconds since 1970, or the ISO 8601 text of thin events. Return None for anything else."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _check_storable(id: str) -> str:
    """Return an id that can be stored. Raises `ValueError`, for example for a NUL or half of a surrogate pair."""
    if len(id) > _MAX_ID or not id.isprintable() or holds_card_number(id):
        raise ValueError("The id is not one of Stripe's.")
    return id


def _get_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
