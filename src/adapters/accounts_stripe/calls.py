"""Every request of the gateway to Stripe, as data.

The requests are the same with and without an event loop. The gateways send them.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
import stripe

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.payment_gateway import HoldRequest

if TYPE_CHECKING:  # importing one of these at run time loads hundreds of modules
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
"""The key of a customer's metadata that has the 24 hexadecimal digits of its user's id (`User.hex_id`)."""

VERIFICATION_ID: Final = "verification_id"
PURPOSE: Final = "purpose"
CARD_VERIFICATION: Final = "card_verification"

PAYMENT_METHODS: Final = "payment_methods"
"""The service of the SDK that has ids of payment methods in its URLs."""

PAGE: Final = 100
"""The maximum page size of Stripe's lists."""


@attrs.frozen(kw_only=True)
class Call:
    """One request: a method of one of the SDK's services, and its arguments.

    `path` has the ids that are part of the URL. `key` is the idempotency key. Without one the SDK generates a key for
    each call, which protects its own retries and nothing else.
    """

    service: str
    method: str
    path: tuple[str, ...] = ()
    params: Mapping[str, Any] = attrs.field(factory=dict)
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.service}.{self.method}"

    def send(self, client: stripe.StripeClient, *, suffix: str = "") -> Any:
        """Send the request. With the suffix `_async`, return an awaitable of the response."""
        method = getattr(attrgetter(self.service)(client.v1), self.method + suffix)
        return method(*self.path, params=dict(self.params), options={"idempotency_key": self.key})

    def after(self, id: str) -> Self:
        """Return the same request for the page after the object with this id."""
        return attrs.evolve(self, params={**self.params, "starting_after": id})


# ---- customers


def create_customer(user_ref: str, *, key: str) -> Call:
    """Return the request that creates a user's customer."""
    params: CustomerCreateParams = {"metadata": {USER_ID: user_ref}}
    return Call(service="customers", method="create", params=params, key=key)


def search_customers(user_ref: str) -> Call:
    """Return the request that searches a user's customers."""
    params: CustomerSearchParams = {"query": f"metadata['{USER_ID}']:'{user_ref}'", "limit": PAGE}
    return Call(service="customers", method="search", params=params)


def list_customers() -> Call:
    """Return the request that lists all customers."""
    params: CustomerListParams = {"limit": PAGE}
    return Call(service="customers", method="list", params=params)


def retrieve_customer(id: str) -> Call:
    """Return the request that retrieves a customer."""
    return Call(service="customers", method="retrieve", path=(id,))


def update_customer(id: str, *, email: EmailAddress | None, name: str | None) -> Call:
    """Return the request that sets or clears a customer's address and name."""
    # an empty string clears a value at Stripe
    params: CustomerUpdateParams = {"email": "" if email is None else email.address, "name": name or ""}
    return Call(service="customers", method="update", path=(id,), params=params)


def anonymize_customer(id: str) -> Call:
    """Return the request that clears a customer's personal data and the reference to its user."""
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
    """Return the request that sets or clears a customer's default payment method."""
    params: CustomerUpdateParams = {"invoice_settings": {"default_payment_method": payment_method or ""}}
    return Call(service="customers", method="update", path=(customer_id,), params=params)


def delete_customer(id: str) -> Call:
    """Return the request that deletes a customer."""
    return Call(service="customers", method="delete", path=(id,))


def list_subscriptions(customer_id: str) -> Call:
    """Return the request that lists a customer's subscriptions. Stripe leaves canceled ones out by default."""
    params: SubscriptionListParams = {"customer": customer_id, "limit": PAGE}
    return Call(service="subscriptions", method="list", params=params)


# ---- payment methods


def retrieve_payment_method(id: str) -> Call:
    """Return the request that retrieves a payment method."""
    return Call(service=PAYMENT_METHODS, method="retrieve", path=(id,))


def list_payment_methods(customer_id: str) -> Call:
    """Return the request that lists a customer's cards."""
    params: CustomerPaymentMethodListParams = {"type": "card", "limit": PAGE}
    return Call(service="customers.payment_methods", method="list", path=(customer_id,), params=params)


def list_all_payment_methods(customer_id: str) -> Call:
    """Return the request that lists a customer's payment methods of every type."""
    params: CustomerPaymentMethodListParams = {"limit": PAGE}
    return Call(service="customers.payment_methods", method="list", path=(customer_id,), params=params)


def attach(id: str, *, customer_id: str, key: str | None) -> Call:
    """Return the request that attaches a payment method to a customer."""
    params: PaymentMethodAttachParams = {"customer": customer_id}
    return Call(service=PAYMENT_METHODS, method="attach", path=(id,), params=params, key=key)


def detach(id: str) -> Call:
    """Return the request that detaches a payment method."""
    return Call(service=PAYMENT_METHODS, method="detach", path=(id,))


# ---- holds


def create_intent(request: HoldRequest, *, key: str) -> Call:
    """Return the request that holds an amount on a card.

    Capture is manual, and no request of this module captures. `setup_future_usage` makes later payments more likely to
    succeed than attaching the card beforehand does. `off_session` is left out, because the customer is present.
    Source: Stripe, "Place a hold", "Save a card".
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
    """Return the request that retrieves a payment intent."""
    return Call(service="payment_intents", method="retrieve", path=(id,))


def list_intents(customer_id: str) -> Call:
    """Return the request that lists a customer's payment intents."""
    params: PaymentIntentListParams = {"customer": customer_id, "limit": PAGE}
    return Call(service="payment_intents", method="list", params=params)


def list_intents_since(since: datetime) -> Call:
    """Return the request that lists the payment intents created at or after a time."""
    params: PaymentIntentListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE}
    return Call(service="payment_intents", method="list", params=params)


def cancel_intent(id: str, *, key: str | None) -> Call:
    """Return the request that cancels a payment intent and releases its hold."""
    params: PaymentIntentCancelParams = {"cancellation_reason": "abandoned"}
    return Call(service="payment_intents", method="cancel", path=(id,), params=params, key=key)
