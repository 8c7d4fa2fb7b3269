"""Port: the payment provider.

Called by services and by the worker. A call with a `key` is safe to repeat. No card is charged: there is no method for
it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import attrs

from accounts_core.model.customer import Customer
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.payment_method import ProviderPaymentMethod

T = TypeVar("T")


class HoldStatus(StrEnum):
    """The state of a hold."""

    HELD = "held"
    CHALLENGED = "challenged"
    """The bank asks for card authentication; `client_secret` and `next_action` say how."""
    DECLINED = "declined"
    """By the bank or the provider, failed card authentication included; `code` and `decline_code` say why."""
    RELEASED = "released"
    """By us, or by the provider when it expired."""


@attrs.frozen(kw_only=True)
class HoldRequest:
    """The parameters of a hold. A repeat sends the same ones."""

    verification_id: str
    """Stored with the hold, so that it can be found again."""
    customer_id: str
    payment_method: str
    amount: int
    """In minor units of `currency`."""
    currency: str
    """ISO 4217 code, in lower case."""
    return_url: str | None
    """Where the bank redirects the browser after card authentication."""


@attrs.frozen(kw_only=True)
class Hold:
    """An amount that is or was held on a card, or was declined."""

    id: str | None
    """None if the provider declined before it created anything."""
    status: HoldStatus
    verification_id: str
    payment_method: str | None
    """The payment method that the provider used: a test token becomes a new one."""
    amount: int
    """In minor units of `currency`."""
    currency: str
    client_secret: str | None = attrs.field(default=None, repr=False)
    """For the provider's client library, while `status` is `CHALLENGED`."""
    next_action: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    """The provider's own description of the authentication step."""
    code: str | None = None
    """The provider's reason for a decline."""
    decline_code: str | None = None
    """The bank's reason, if it gave one."""


@attrs.frozen(kw_only=True)
class OpenHold:
    """A hold that reserves money or still may: held, challenged, or being created."""

    id: str
    verification_id: str
    customer_id: str | None
    amount: int
    """In minor units of `currency`."""
    currency: str
    created: datetime


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """A part of a list."""

    items: Sequence[T]
    """May be empty on a page that is not the last."""
    after: str | None = None
    """The position of the next page, None on the last one."""


@attrs.frozen(kw_only=True)
class CustomerUsage:
    """Objects and balance of a customer at the provider, besides cards, that are lost when it is deleted."""

    subscriptions: int = 0
    """The number of subscriptions that are not over."""
    balance: int = 0
    """In minor units of the customer's currency."""
    other_payment_methods: int = 0
    """The number of payment methods that are not cards."""


class PaymentGateway(Protocol):
    """The payment provider.

    A `user_ref` is the reference to a user that a customer carries: `User.hex_id`, which no two databases share.

    A `key` is an idempotency key: the same key with the same arguments is the same call, with the same answer. Every
    method may raise `ProviderRefused` (final), `ProviderBusy` (not executed) and `ProviderAmbiguous` (unknown).
    `NotFound` is raised only where it is listed.
    """

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        """Create a customer that carries the user's reference, without name and address (see `update_customer`).

        Returns:
            The new customer, or the one that an earlier call with this key created.

        """
        ...

    async def find_customer(self, user_ref: str) -> Customer | None:
        """Return the oldest customer that carries the user's reference, or None."""
        ...

    async def list_customers(self, *, after: str | None = None) -> Page[Customer]:
        """Return a page of the customers that carry any user's reference, the newest first."""
        ...

    async def retrieve_customer(self, customer_id: str) -> Customer:
        """Return a customer.

        Raises:
            NotFound: No such customer, or it was deleted.

        """
        ...

    async def update_customer(self, customer_id: str, *, email: EmailAddress | None, name: str | None) -> Customer:
        """Store a customer's address and name.

        Args:
            customer_id: The customer.
            email: The address; None clears it.
            name: The name; None clears it.

        Returns:
            The customer as it is now.

        Raises:
            NotFound: No such customer, or it was deleted.
            ProviderRefused: With `param` `email` or `name`: the provider does not accept it. Nothing was stored.

        """
        ...

    async def inspect_customer(self, customer_id: str) -> CustomerUsage:
        """Return the objects and balance that are lost when a customer is deleted, besides its cards.

        Raises:
            NotFound: No such customer, or it was deleted.

        """
        ...

    async def anonymize_customer(self, customer_id: str) -> None:
        """Clear a customer's name, addresses, phone number, description and user reference; all else stays.

        Raises:
            NotFound: No such customer, or it was deleted.

        """
        ...

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer and detach its cards; one that was deleted is skipped."""
        ...

    async def set_default(self, customer_id: str, payment_method: str | None) -> None:
        """Make a payment method the customer's default.

        Postcondition: `Customer.default_payment_method` is this id. It names the default whether it is a card or not.

        Args:
            customer_id: The customer.
            payment_method: Attached to the customer; None clears the default.

        Raises:
            NotFound: No such customer, or the payment method is not there.

        """
        ...

    async def retrieve_payment_method(self, id: str) -> ProviderPaymentMethod:
        """Return a card.

        Raises:
            NotFound: No such payment method.
            ProviderRefused: It is not a card.

        """
        ...

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        """Return the customer's cards, the newest first.

        Raises:
            NotFound: No such customer, or it was deleted.

        """
        ...

    async def attach(self, *, customer_id: str, payment_method: str, key: str) -> ProviderPaymentMethod:
        """Attach a card to a customer; a card that the customer has stays attached.

        Returns:
            The card.

        Raises:
            NotFound: No such card or customer.

        """
        ...

    async def detach(self, payment_method: str) -> None:
        """Detach a card from its customer for good; one that is detached or gone is skipped."""
        ...

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        """Hold an amount on a card.

        A decline and a request for card authentication are results, not errors.

        Returns:
            The hold, or the one that an earlier call with this key placed.

        Raises:
            ProviderRefused: With code `resource_missing`: the object does not exist, and `param` names it
                (`payment_method`, `customer`). With another code: the payment method is not a card. Nothing is held.

        """
        ...

    async def retrieve_hold(self, hold_id: str) -> Hold:
        """Return a hold.

        Raises:
            NotFound: No such hold.

        """
        ...

    async def find_hold(self, *, customer_id: str, verification_id: str) -> Hold | None:
        """Return the hold that was requested for this verification, or None."""
        ...

    async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
        """Return a page of the open holds that a verification requested at `since` or later, the newest first.

        Declined holds reserve no money and are left out.
        """
        ...

    async def release(self, hold_id: str, *, key: str) -> Hold:
        """Release a hold, and close a declined or challenged one; one that is released stays so.

        Returns:
            The hold, with the status `RELEASED`.

        Raises:
            NotFound: No such hold.

        """
        ...
