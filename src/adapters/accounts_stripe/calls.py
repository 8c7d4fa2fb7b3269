"""What is asked of Stripe: every request that the gateway makes, as data.

A request is written here once. Who sends it, with or without an event loop, is no concern of this module.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
import stripe

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import HoldRequest

if TYPE_CHECKING:  # importing one of these at run time loads hundreds
    from stripe.params import (
        CustomerCreateParams,
        CustomerListParams,
        CustomerPaymentMethodListParams,
        CustomerSearchParams,
        CustomerUpdateParams,
        PaymentIntentCancelParams,
        PaymentIntentCreateParams,
        PaymentIntentListParams,
        PaymentMethodAttachParams,
        SubscriptionListParams,
    )

USER_ID: Final = "user_id"
"""The metadata of a customer that names its user, by the 24 digits of `User.hex_id`."""

VERIFICATION_ID: Final = "verification_id"
PURPOSE: Final = "purpose"
CARD_VERIFICATION: Final = "card_verification"

PAYMENT_METHODS: Final = "payment_methods"
"""The service whose ids in the URL are payment methods."""

PAGE: Final = 100
"""The most objects that Stripe lists at once."""


@attrs.frozen(kw_only=True)
class Call:
    """One request: a method of one of the SDK's services, and what it is given.

    `path` are the ids that become part of the URL. `key` is the idempotency key; without one the SDK makes up a key
    for each call, which covers its own retries and nothing more.
    """

    service: str
    method: str
    path: tuple[str, ...] = ()
    params: Mapping[str, Any] = attrs.field(factory=dict)
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.service}.{self.method}"

    def on(self, client: stripe.StripeClient, *, suffix: str = "") -> Any:
        """Make the request; with the suffix `_async`, return what has to be awaited."""
        method = getattr(attrgetter(self.service)(client.v1), self.method + suffix)
        return method(*self.path, params=dict(self.params), options={"idempotency_key": self.key})

    def after(self, id: str) -> Self:
        """Return the same request for the page that follows this object."""
        return attrs.evolve(self, params={**self.params, "starting_after": id})


# ---- customers


def create_customer(user_ref: str, *, key: str) -> Call:
    params: CustomerCreateParams = {"metadata": {USER_ID: user_ref}}
    return Call(service="customers", method="create", params=params, key=key)


def search_customers(user_ref: str) -> Call:
    params: CustomerSearchParams = {"query": f"metadata['{USER_ID}']:'{user_ref}'", "limit": PAGE}
    return Call(service="customers", method="search", params=params)


def list_customers() -> Call:
    params: CustomerListParams = {"limit": PAGE}
    return Call(service="customers", method="list", params=params)


def retrieve_customer(id: str) -> Call:
    return Call(service="customers", method="retrieve", path=(id,))


def update_customer(id: str, *, email: EmailAddress | None, name: str | None) -> Call:
    # an empty string is how Stripe's parameters unset a value
    params: CustomerUpdateParams = {"email": "" if email is None else email.address, "name": name or ""}
    return Call(service="customers", method="update", path=(id,), params=params)


def anonymize_customer(id: str) -> Call:
    params: CustomerUpdateParams = {
        "address": "",
        "description": "",
        "email": "",
        "name": "",
        "phone": "",
        "shipping": "",
        "metadata": {USER_ID: ""},
    }
    return Call(service="customers", method="update", path=(id,), params=params)


def set_default(customer_id: str, payment_method: str | None) -> Call:
    params: CustomerUpdateParams = {"invoice_settings": {"default_payment_method": payment_method or ""}}
    return Call(service="customers", method="update", path=(customer_id,), params=params)


def delete_customer(id: str) -> Call:
    return Call(service="customers", method="delete", path=(id,))


def list_subscriptions(customer_id: str) -> Call:
    """Return the request for every subscription that was not canceled: Stripe leaves those out unless asked."""
    params: SubscriptionListParams = {"customer": customer_id, "limit": PAGE}
    return Call(service="subscriptions", method="list", params=params)


# ---- payment methods


def retrieve_payment_method(id: str) -> Call:
    return Call(service=PAYMENT_METHODS, method="retrieve", path=(id,))


def list_payment_methods(customer_id: str) -> Call:
    params: CustomerPaymentMethodListParams = {"type": "card", "limit": PAGE}
    return Call(service="customers.payment_methods", method="list", path=(customer_id,), params=params)


def list_all_payment_methods(customer_id: str) -> Call:
    """Return the request for the customer's payment methods of every kind."""
    params: CustomerPaymentMethodListParams = {"limit": PAGE}
    return Call(service="customers.payment_methods", method="list", path=(customer_id,), params=params)


def attach(id: str, *, customer_id: str, key: str | None) -> Call:
    params: PaymentMethodAttachParams = {"customer": customer_id}
    return Call(service=PAYMENT_METHODS, method="attach", path=(id,), params=params, key=key)


def detach(id: str) -> Call:
    return Call(service=PAYMENT_METHODS, method="detach", path=(id,))


# ---- holds


def create_intent(request: HoldRequest, *, key: str) -> Call:
    """Freeze the sum, and never take it: capture is manual, and nothing here captures.

    `setup_future_usage` makes the customer's later payments likelier to succeed than attaching the card beforehand;
    `off_session` is left out, because the person is there. Source: Stripe, "Place a hold", "Save a card".
    """
    params: PaymentIntentCreateParams = {
        "amount": request.amount,
        "currency": request.currency,
        "customer": request.customer_id,
        "payment_method": request.payment_method,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
        "setup_future_usage": "off_session",
        "metadata": {PURPOSE: CARD_VERIFICATION, VERIFICATION_ID: request.verification_id},
    }
    if request.return_url is not None:
        params["return_url"] = request.return_url
    return Call(service="payment_intents", method="create", params=params, key=key)


def retrieve_intent(id: str) -> Call:
    return Call(service="payment_intents", method="retrieve", path=(id,))


def list_intents(customer_id: str) -> Call:
    params: PaymentIntentListParams = {"customer": customer_id, "limit": PAGE}
    return Call(service="payment_intents", method="list", params=params)


def list_intents_since(since: datetime) -> Call:
    params: PaymentIntentListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE}
    return Call(service="payment_intents", method="list", params=params)


def cancel_intent(id: str, *, key: str | None) -> Call:
    params: PaymentIntentCancelParams = {"cancellation_reason": "abandoned"}
    return Call(service="payment_intents", method="cancel", path=(id,), params=params, key=key)
