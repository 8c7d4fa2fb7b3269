from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import attrs

from accounts_core.model.customer import Customer
from accounts_core.model.email import Email
from accounts_core.model.payment_method import ProviderPaymentMethod

T = TypeVar("T")


class HoldStatus(StrEnum):
    """What became of a hold."""

    HELD = "held"
    CHALLENGED = "challenged"
    """The bank wants the person to prove themself: `client_secret` and `next_action` say how."""
    DECLINED = "declined"
    """By the bank or the provider, a failed challenge included; `code` and `decline_code` say why."""
    RELEASED = "released"
    """Let go: by us, or by the provider after its time."""


@attrs.frozen(kw_only=True)
class HoldRequest:
    """Everything that a hold is asked with: the same request, whenever it is repeated.

    `amount` is in minor units of `currency`; `return_url` is where a challenge sends the person back to.
    """

    verification_id: str
    customer_id: str
    payment_method: str
    amount: int
    currency: str
    return_url: str | None


@attrs.frozen(kw_only=True)
class Hold:
    """A sum that is frozen on a card, or was, or was refused to be.

    `id` is None when the provider refused before making anything. `payment_method` is what the provider used: a test
    token becomes a payment method of its own.
    """

    id: str | None
    status: HoldStatus
    verification_id: str
    payment_method: str | None
    amount: int
    currency: str
    client_secret: str | None = attrs.field(default=None, repr=False)
    next_action: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    code: str | None = None
    decline_code: str | None = None


@attrs.frozen(kw_only=True)
class OpenHold:
    """A hold for a verification that freezes money, or still may: held, challenged, or on its way to be."""

    id: str
    verification_id: str
    customer_id: str | None
    amount: int
    currency: str
    created: datetime


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """A part of a list. `after` asks for the next one, None on the last. A part may be empty and not the last."""

    items: Sequence[T]
    after: str | None = None


@attrs.frozen(kw_only=True)
class CustomerUsage:
    """What a customer has at the provider that is none of the cards, and would be lost with the customer.

    `subscriptions` are those that are not over, `balance` is in minor units of the customer's currency.
    """

    subscriptions: int = 0
    balance: int = 0
    other_payment_methods: int = 0


class PaymentGateway(Protocol):
    """The payment provider.

    A `user_ref` is what a customer carries of its user: `User.hex_id`, which two databases do not both give out.

    A `key` makes a call repeatable: the same key with the same arguments is the same call, and gives the same answer.
    Every method may raise `ProviderRefused` (final), `ProviderBusy` (not executed) and `ProviderAmbiguous` (unknown).
    `NotFound` is raised only where it is said. No card is ever charged: there is no method for it.
    """

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        """Make a customer that carries the user's reference. What can change comes later, by `update_customer`."""
        ...

    async def find_customer(self, user_ref: str) -> Customer | None:
        """Return the oldest customer that carries the user's reference, or None."""
        ...

    async def list_customers(self, *, after: str | None = None) -> Page[Customer]:
        """Return a page of the customers that carry any user's reference, newest first."""
        ...

    async def retrieve_customer(self, customer_id: str) -> Customer:
        """Raises `NotFound` when there is none, or it was deleted."""
        ...

    async def update_customer(self, customer_id: str, *, email: Email | None, name: str | None) -> Customer:
        """Store address and name; None clears the field.

        Raises `NotFound`, and `ProviderRefused` with the `param` `email` or `name` for one that the provider does not
        take; then nothing is stored.
        """
        ...

    async def inspect_customer(self, customer_id: str) -> CustomerUsage:
        """Return what would be lost with the customer, its cards aside. Raises `NotFound`."""
        ...

    async def anonymize_customer(self, customer_id: str) -> None:
        """Clear name, addresses, phone number, description and the user's reference; all else stays.

        Raises `NotFound`.
        """
        ...

    async def delete_customer(self, customer_id: str) -> None:
        """Delete the customer and detach its cards; one that is gone is deleted already."""
        ...

    async def set_default(self, customer_id: str, payment_method: str | None) -> None:
        """Make an attached payment method the customer's default; None clears it. Raises `NotFound`.

        `Customer.default_payment_method` names the default whatever its kind, a card or not.
        """
        ...

    async def retrieve_payment_method(self, id: str) -> ProviderPaymentMethod:
        """Return a card. Raises `NotFound`, and `ProviderRefused` for a payment method that is no card."""
        ...

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        """Return the customer's cards, newest first. Raises `NotFound`."""
        ...

    async def attach(self, *, customer_id: str, payment_method: str, key: str) -> ProviderPaymentMethod:
        """Give the card to the customer; one that the customer has is attached already. Raises `NotFound`."""
        ...

    async def detach(self, payment_method: str) -> None:
        """Take the card away from its customer, for good; one that has none, or is gone, is detached already."""
        ...

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        """Freeze the sum. A decline and a challenge are answers, not errors.

        Raises `ProviderRefused` with the code `resource_missing` when there is no such payment method or customer (the
        `param` says which: `payment_method`, `customer`), and with another code for a payment method that is no card.
        """
        ...

    async def retrieve_hold(self, hold_id: str) -> Hold:
        """Raises `NotFound`."""
        ...

    async def find_hold(self, *, customer_id: str, verification_id: str) -> Hold | None:
        """Return the hold that was asked for this verification, or None."""
        ...

    async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
        """Return a page of the open holds that a verification asked for at `since` or later, newest first.

        A declined one freezes nothing and is not among them.
        """
        ...

    async def release(self, hold_id: str, *, key: str) -> Hold:
        """Let the hold go; one that is gone is let go already. Declined and challenged ones are closed by it too.

        Raises `NotFound`.
        """
        ...
