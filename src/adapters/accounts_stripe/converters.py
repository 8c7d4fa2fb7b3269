"""Conversion of Stripe's objects to the core's model.

A field that the core needs is required. Any other may be missing, null or new, as in later API versions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from accounts_core.errors import ProviderAmbiguous
from accounts_core.model.customer import Customer
from accounts_core.model.payment_method import (
    Address,
    BillingDetails,
    Card,
    CardChecks,
    CardNetworks,
    ProviderPaymentMethod,
)
from accounts_core.ports.payment_gateway import Hold, HoldRequest, HoldStatus, OpenHold
from accounts_stripe.calls import CARD_VERIFICATION, PURPOSE, USER_ID, VERIFICATION_ID
from accounts_stripe.translation import captured_error

Object: TypeAlias = Mapping[str, Any]
"""An object of Stripe's API, decoded from JSON."""

_OVER: Final = {HoldStatus.RELEASED, HoldStatus.DECLINED}
_STATUSES: Final = {
    "requires_capture": HoldStatus.HELD,
    "requires_action": HoldStatus.CHALLENGED,
    "canceled": HoldStatus.RELEASED,
    # These hold nothing and will not without another attempt, so they count as a decline.
    "requires_payment_method": HoldStatus.DECLINED,
    "requires_confirmation": HoldStatus.DECLINED,
}
OVER_SUBSCRIPTIONS: Final = {"canceled", "incomplete_expired"}
"""Final statuses of a subscription. Source: Stripe's documentation, "Subscription statuses"."""
_CLOSED: Final = {"succeeded", *(name for name, status in _STATUSES.items() if status in _OVER)}


def to_customer(object: Object) -> Customer:
    """Convert a customer. Raises `ProviderAmbiguous` if it is malformed."""
    with _reading("customer"):
        return Customer(
            id=object["id"],
            user_ref=_get_object(object, "metadata").get(USER_ID),
            address=_to_address(object["address"]) if object.get("address") else None,
            balance=object.get("balance") or 0,
            created=_to_datetime(object["created"]),
            currency=object.get("currency"),
            default_payment_method=get_id(_get_object(object, "invoice_settings").get("default_payment_method")),
            delinquent=bool(object.get("delinquent")),
            description=object.get("description"),
            email=object.get("email"),
            invoice_prefix=object.get("invoice_prefix"),
            livemode=bool(object.get("livemode")),
            metadata=dict(_get_object(object, "metadata")),
            name=object.get("name"),
            phone=object.get("phone"),
            preferred_locales=tuple(object.get("preferred_locales") or ()),
            tax_exempt=object.get("tax_exempt") or "none",
        )


def is_card(method: Object) -> bool:
    """Return whether a payment method is a card."""
    return method.get("type") == "card"


def to_payment_method(object: Object) -> ProviderPaymentMethod:
    """Convert a card. Raises `ProviderAmbiguous` if it is malformed."""
    with _reading("payment method"):
        details = _get_object(object, "billing_details")
        return ProviderPaymentMethod(
            id=object["id"],
            type=object["type"],
            card=_to_card(object["card"]),
            billing_details=BillingDetails(
                address=_to_address(_get_object(details, "address")),
                email=details.get("email"),
                name=details.get("name"),
                phone=details.get("phone"),
            ),
            created=_to_datetime(object["created"]),
            livemode=bool(object.get("livemode")),
            metadata=dict(_get_object(object, "metadata")),
            customer_id=get_id(object.get("customer")),
        )


def to_hold(intent: Object) -> Hold:
    """Convert a payment intent to a hold.

    Raises:
        ProviderAmbiguous: The intent is being processed or is malformed.
        ConfigurationError: The intent was captured.

    """
    with _reading("payment intent"):
        if intent["status"] == "succeeded":
            raise captured_error(intent["id"])
        status = _STATUSES.get(intent["status"])
        if status is None:
            raise ProviderAmbiguous(f"The payment intent {intent['id']} is in the state {intent['status']!r}.")
        challenged, declined = status is HoldStatus.CHALLENGED, status is HoldStatus.DECLINED
        error = _get_object(intent, "last_payment_error")
        return Hold(
            id=intent["id"],
            status=status,
            verification_id=_get_object(intent, "metadata").get(VERIFICATION_ID, ""),
            # Stripe removes the payment method from a declined intent and keeps it in the error
            payment_method=get_id(intent.get("payment_method")) or get_id(error.get("payment_method")),
            amount=intent["amount"],
            currency=intent["currency"],
            client_secret=intent.get("client_secret") if challenged else None,
            next_action=intent.get("next_action") if challenged else None,
            code=_get_code(error, intent["status"]) if declined else None,
            decline_code=error.get("decline_code") if declined else None,
        )


def to_open_hold(intent: Object) -> OpenHold | None:
    """Convert a payment intent to an open hold.

    Returns:
        The hold; None if the intent is not of a card verification or holds no money any more.

    Raises:
        ProviderAmbiguous: The intent is malformed.

    """
    metadata = _get_object(intent, "metadata")
    if metadata.get(PURPOSE) != CARD_VERIFICATION or intent.get("status") in _CLOSED:
        return None
    with _reading("payment intent"):
        return OpenHold(
            id=intent["id"],
            verification_id=metadata.get(VERIFICATION_ID, ""),
            customer_id=get_id(intent.get("customer")),
            amount=intent["amount"],
            currency=intent["currency"],
            created=_to_datetime(intent["created"]),
        )


def to_declined_hold(error: Object, request: HoldRequest) -> Hold:
    """Convert the `error` object of a decline, which has the payment intent if one was created, to a hold."""
    intent = _get_object(error, "payment_intent")
    return Hold(
        id=intent.get("id"),
        status=HoldStatus.DECLINED,
        verification_id=request.verification_id,
        payment_method=get_id(intent.get("payment_method")) or get_id(error.get("payment_method")),
        amount=request.amount,
        currency=request.currency,
        code=_get_code(error, "card_declined"),
        decline_code=error.get("decline_code"),
    )


def to_page(object: Object) -> tuple[Sequence[Object], bool]:
    """Return the objects of one page of a list, and whether there are more. Raises `ProviderAmbiguous` if malformed."""
    with _reading("list"):
        return list(object["data"]), bool(object.get("has_more"))


def get_id(reference: Any) -> str | None:
    """Return the id of a reference, which is an id or an expanded object. Return None for anything else."""
    value = reference.get("id") if isinstance(reference, Mapping) else reference
    return value if isinstance(value, str) and value else None


def _to_card(object: Object) -> Card:
    checks, networks, secure = (_get_object(object, name) for name in ("checks", "networks", "three_d_secure_usage"))
    return Card(
        brand=object["brand"],
        checks=CardChecks(
            address_line1_check=checks.get("address_line1_check"),
            address_postal_code_check=checks.get("address_postal_code_check"),
            cvc_check=checks.get("cvc_check"),
        ),
        country=object.get("country"),
        exp_month=object["exp_month"],
        exp_year=object["exp_year"],
        fingerprint=object.get("fingerprint"),
        funding=object.get("funding") or "unknown",
        last4=object["last4"],
        networks=CardNetworks(available=tuple(networks.get("available") or ()), preferred=networks.get("preferred")),
        three_d_secure_supported=secure.get("supported"),
        wallet=object.get("wallet"),
    )


def _to_address(object: Object) -> Address:
    return Address(
        city=object.get("city"),
        country=object.get("country"),
        line1=object.get("line1"),
        line2=object.get("line2"),
        postal_code=object.get("postal_code"),
        state=object.get("state"),
    )


def _get_code(error: Object, otherwise: str) -> str:
    return str(error.get("code") or otherwise)


def _get_object(object: Object, name: str) -> Object:
    """Return a nested object, or an empty one if it is missing or not an object."""
    value = object.get(name)
    return value if isinstance(value, Mapping) else {}


def _to_datetime(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _reading(label: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProviderAmbiguous(f"Stripe's response is not a {label}: {type(error).__name__} {error}") from error
