"""Stripe's objects as the core's model.

What the core needs has to be there; all else may be missing, null or new, as Stripe's later versions please.
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
from accounts_stripe.translation import captured

Object: TypeAlias = Mapping[str, Any]
"""One of Stripe's objects, as JSON has it."""

_OVER: Final = {HoldStatus.RELEASED, HoldStatus.DECLINED}
_STATUSES: Final = {
    "requires_capture": HoldStatus.HELD,
    "requires_action": HoldStatus.CHALLENGED,
    "canceled": HoldStatus.RELEASED,
    # Nothing is frozen in these, and nothing will be without another attempt: a decline, or as good as one.
    "requires_payment_method": HoldStatus.DECLINED,
    "requires_confirmation": HoldStatus.DECLINED,
}
OVER_SUBSCRIPTIONS: Final = {"canceled", "incomplete_expired"}
"""Statuses of a subscription that never charges again. Source: Stripe's documentation, "Subscription statuses"."""
_CLOSED: Final = {"succeeded", *(name for name, status in _STATUSES.items() if status in _OVER)}


def customer(object: Object) -> Customer:
    with _readable("customer"):
        return Customer(
            id=object["id"],
            user_ref=_part(object, "metadata").get(USER_ID),
            address=_address(object["address"]) if object.get("address") else None,
            balance=object.get("balance") or 0,
            created=_time(object["created"]),
            currency=object.get("currency"),
            default_payment_method=id_of(_part(object, "invoice_settings").get("default_payment_method")),
            delinquent=bool(object.get("delinquent")),
            description=object.get("description"),
            email=object.get("email"),
            invoice_prefix=object.get("invoice_prefix"),
            livemode=bool(object.get("livemode")),
            metadata=dict(_part(object, "metadata")),
            name=object.get("name"),
            phone=object.get("phone"),
            preferred_locales=tuple(object.get("preferred_locales") or ()),
            tax_exempt=object.get("tax_exempt") or "none",
        )


def is_card(method: Object) -> bool:
    return method.get("type") == "card"


def payment_method(object: Object) -> ProviderPaymentMethod:
    """Read a card."""
    with _readable("payment method"):
        details = _part(object, "billing_details")
        return ProviderPaymentMethod(
            id=object["id"],
            type=object["type"],
            card=_card(object["card"]),
            billing_details=BillingDetails(
                address=_address(_part(details, "address")),
                email=details.get("email"),
                name=details.get("name"),
                phone=details.get("phone"),
            ),
            created=_time(object["created"]),
            livemode=bool(object.get("livemode")),
            metadata=dict(_part(object, "metadata")),
            customer_id=id_of(object.get("customer")),
        )


def hold(intent: Object) -> Hold:
    """Read a payment intent.

    Raises `ProviderAmbiguous` while it is being processed, `ConfigurationError` if captured.
    """
    with _readable("payment intent"):
        if intent["status"] == "succeeded":
            raise captured(intent["id"])
        status = _STATUSES.get(intent["status"])
        if status is None:
            raise ProviderAmbiguous(f"The payment intent {intent['id']} is in the state {intent['status']!r}.")
        challenged, declined = status is HoldStatus.CHALLENGED, status is HoldStatus.DECLINED
        error = _part(intent, "last_payment_error")
        return Hold(
            id=intent["id"],
            status=status,
            verification_id=_part(intent, "metadata").get(VERIFICATION_ID, ""),
            # a declined intent lets go of its payment method, and names it in the error alone
            payment_method=id_of(intent.get("payment_method")) or id_of(error.get("payment_method")),
            amount=intent["amount"],
            currency=intent["currency"],
            client_secret=intent.get("client_secret") if challenged else None,
            next_action=intent.get("next_action") if challenged else None,
            code=_code(error, intent["status"]) if declined else None,
            decline_code=error.get("decline_code") if declined else None,
        )


def open_hold(intent: Object) -> OpenHold | None:
    """Read a payment intent; None when no card verification asked for it, or it freezes nothing any more."""
    metadata = _part(intent, "metadata")
    if metadata.get(PURPOSE) != CARD_VERIFICATION or intent.get("status") in _CLOSED:
        return None
    with _readable("payment intent"):
        return OpenHold(
            id=intent["id"],
            verification_id=metadata.get(VERIFICATION_ID, ""),
            customer_id=id_of(intent.get("customer")),
            amount=intent["amount"],
            currency=intent["currency"],
            created=_time(intent["created"]),
        )


def declined_hold(error: Object, request: HoldRequest) -> Hold:
    """Read a decline's `error` object, which carries the payment intent where one was made."""
    intent = _part(error, "payment_intent")
    return Hold(
        id=intent.get("id"),
        status=HoldStatus.DECLINED,
        verification_id=request.verification_id,
        payment_method=id_of(intent.get("payment_method")) or id_of(error.get("payment_method")),
        amount=request.amount,
        currency=request.currency,
        code=_code(error, "card_declined"),
        decline_code=error.get("decline_code"),
    )


def page(object: Object) -> tuple[Sequence[Object], bool]:
    """Read one page of a list: what is on it, and whether there are more."""
    with _readable("list"):
        return list(object["data"]), bool(object.get("has_more"))


def id_of(reference: Any) -> str | None:
    """Return the id that refers to an object, whether Stripe sent the id alone or the whole object."""
    found = reference.get("id") if isinstance(reference, Mapping) else reference
    return found if isinstance(found, str) and found else None


def _card(object: Object) -> Card:
    checks, networks, secure = (_part(object, name) for name in ("checks", "networks", "three_d_secure_usage"))
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


def _address(object: Object) -> Address:
    return Address(
        city=object.get("city"),
        country=object.get("country"),
        line1=object.get("line1"),
        line2=object.get("line2"),
        postal_code=object.get("postal_code"),
        state=object.get("state"),
    )


def _code(error: Object, otherwise: str) -> str:
    return str(error.get("code") or otherwise)


def _part(object: Object, name: str) -> Object:
    """Return a nested object, empty when it is missing or null."""
    found = object.get(name)
    return found if isinstance(found, Mapping) else {}


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProviderAmbiguous(f"Stripe's answer is no {what}: {type(error).__name__} {error}") from error
