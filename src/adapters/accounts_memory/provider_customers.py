"""The customers and payment methods of the provider behind `MemoryGateway`."""

from datetime import datetime
from typing import Any, Final

import attrs

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.model.ids import base62
from accounts_core.model.payment_method import ProviderPaymentMethod
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import CustomerUsage, Page
from accounts_core.ports.secrets import Secrets

from .provider_answers import page
from .stripe_cards import TEST_CARDS, Behaviour

USER_ID: Final = "user_id"
"""Metadata key of the user's id on a customer, as at Stripe."""

MAX_NAME: Final = 256
"""Maximum length of a customer's name. Source: Stripe's API reference."""


class ProviderCustomers:
    """Customers and their payment methods. Methods raise the errors of `PaymentGateway`."""

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        self._clock = clock
        self._secrets = secrets
        self._customers: dict[str, Customer] = {}
        self._cards: dict[str, ProviderPaymentMethod] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._detached: set[str] = set()
        self._others: dict[str, str | None] = {}
        self._subscriptions: dict[str, int] = {}

    # ---- customers

    def create_customer(self, user_ref: str) -> Customer:
        customer = Customer(
            id=self._new_id("cus", 10, 14),
            user_ref=user_ref,
            created=self._seconds(),
            invoice_prefix=self._random(6, 8).upper(),
            metadata={USER_ID: user_ref},
        )
        self._customers[customer.id] = customer
        return customer

    def find_customer(self, user_ref: str) -> Customer | None:
        return next((each for each in self._customers.values() if each.user_ref == user_ref), None)

    def list_customers(self, after: str | None) -> Page[Customer]:
        return page(self._customers, after, lambda customer: None if customer.user_ref is None else customer)

    def customer(self, id: str) -> Customer:
        customer = self._customers.get(id)
        if customer is None:
            raise NotFound("customer", id)
        return customer

    def change_customer(self, id: str, **changes: Any) -> Customer:
        self._customers[id] = attrs.evolve(self.customer(id), **changes)
        return self._customers[id]

    def update_customer(self, id: str, *, email: str | None, name: str | None) -> Customer:
        self.customer(id)
        if email is not None and not email.partition("@")[0].isascii():
            raise ProviderRefused("email_invalid", "email")
        if name is not None and len(name) > MAX_NAME:
            raise ProviderRefused("parameter_invalid_string_too_long", "name")
        return self.change_customer(id, email=email, name=name)

    def usage_of(self, id: str) -> CustomerUsage:
        return CustomerUsage(
            subscriptions=self._subscriptions.get(id, 0),
            balance=self.customer(id).balance,
            other_payment_methods=sum(owner == id for owner in self._others.values()),
        )

    def set_subscriptions(self, id: str, count: int) -> None:
        self.customer(id)
        self._subscriptions[id] = count

    def anonymize_customer(self, id: str) -> None:
        metadata = {name: value for name, value in self.customer(id).metadata.items() if name != USER_ID}
        self.change_customer(
            id,
            user_ref=None,
            address=None,
            description=None,
            email=None,
            metadata=metadata,
            name=None,
            phone=None,
        )

    def delete_customer(self, id: str) -> None:
        if id in self._customers:
            self._others = {method: owner for method, owner in self._others.items() if owner != id}
            self._subscriptions.pop(id, None)
            for card in self.cards_of(id):
                self.detach(card.id)
            del self._customers[id]

    def set_default(self, id: str, payment_method: str | None) -> None:
        self.customer(id)
        if payment_method is not None and self._owner_of(payment_method) != id:
            raise NotFound("payment method", payment_method)
        self.change_customer(id, default_payment_method=payment_method)

    # ---- payment methods

    def add_payment_method(self, card: ProviderPaymentMethod, behaviour: Behaviour) -> str:
        self._cards[card.id] = card
        self._behaviours[card.id] = behaviour
        return card.id

    def use(self, id: str) -> str:
        """Return the id of the payment method to use: a new one if `id` is a test token."""
        test_card = TEST_CARDS.get(id)
        if test_card is None:
            return id
        now = self._seconds()
        card = test_card.card(exp_year=now.year + 1)
        made = ProviderPaymentMethod(id=self._new_id("pm", 17, 24), card=card, created=now)
        return self.add_payment_method(made, test_card.behaviour)

    def add_other_payment_method(self, id: str, customer_id: str | None) -> str:
        self._others[id] = customer_id
        return id

    def _owner_of(self, id: str) -> str | None:
        return self._others[id] if id in self._others else self.payment_method(id).customer_id

    def payment_method(self, id: str) -> ProviderPaymentMethod:
        if id in self._others:
            raise ProviderRefused("payment_method_unsupported_type", "payment_method")
        card = self._cards.get(id)
        if card is None:
            raise NotFound("payment method", id)
        return card

    def cards_of(self, customer_id: str) -> list[ProviderPaymentMethod]:
        self.customer(customer_id)
        cards = [card for card in self._cards.values() if card.customer_id == customer_id]
        cards.sort(key=lambda card: card.created)
        return cards[::-1]

    def attach(self, customer_id: str, id: str) -> ProviderPaymentMethod:
        self.customer(customer_id)
        card = self.payment_method(id)
        if card.customer_id == customer_id:
            return card
        self._check_free(card)
        behaviour = self._behaviours[id]
        if behaviour.decline is not None and behaviour.declines_attach:
            details = {"decline_code": behaviour.decline.decline_code or ""}
            raise ProviderRefused(behaviour.decline.code, "payment_method", details)
        return self._give(customer_id, card)

    def detach(self, id: str) -> None:
        card = self._cards.get(id)
        if card is None or card.customer_id is None:
            return
        customer = self._customers[card.customer_id]
        if customer.default_payment_method == id:
            self.change_customer(customer.id, default_payment_method=None)
        self._cards[id] = attrs.evolve(card, customer_id=None)
        self._detached.add(id)

    # ---- details

    def _check_free(self, card: ProviderPaymentMethod) -> None:
        if card.customer_id is not None or card.id in self._detached:
            raise ProviderRefused("payment_method_unexpected_state", "payment_method")

    def _give(self, customer_id: str, card: ProviderPaymentMethod) -> ProviderPaymentMethod:
        self._cards[card.id] = attrs.evolve(card, customer_id=customer_id)
        return self._cards[card.id]

    def _seconds(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    def _new_id(self, prefix: str, count: int, width: int) -> str:
        return f"{prefix}_{self._random(count, width)}"

    def _random(self, count: int, width: int) -> str:
        return base62(int.from_bytes(self._secrets.random_bytes(count), "big"), width=width)
