"""The provider behind `MemoryGateway`: customers, payment methods and holds, by Stripe's rules."""

from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.model.ids import base62
from accounts_core.model.payment_method import ProviderPaymentMethod
from accounts_core.model.policy import MINIMUM_AMOUNTS
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import CustomerUsage, Hold, HoldRequest, HoldStatus, OpenHold, Page
from accounts_core.ports.secrets import Secrets

from .provider_answers import next_action, page
from .stripe_cards import TEST_CARDS, Behaviour

HOLD_LIFETIME: Final = timedelta(days=7)
"""How long a hold lasts that nobody captures or lets go. Source: Stripe's documentation on placing a hold."""

USER_ID: Final = "user_id"
"""The customer's metadata that names the user, as at Stripe."""

MAX_NAME: Final = 256
"""The longest name of a customer. Source: Stripe's API reference."""

_OPEN: Final = {HoldStatus.HELD, HoldStatus.CHALLENGED}


@attrs.frozen(kw_only=True)
class _Held:
    """A hold, what it was asked with and when."""

    hold: Hold
    request: HoldRequest
    made_at: datetime


class Provider:
    """Everything that the provider knows. Methods raise what `PaymentGateway` says, and know nothing of keys."""

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        self._clock = clock
        self._secrets = secrets
        self._customers: dict[str, Customer] = {}
        self._cards: dict[str, ProviderPaymentMethod] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._detached: set[str] = set()
        self._others: dict[str, str | None] = {}
        self._subscriptions: dict[str, int] = {}
        self.holds: dict[str, _Held] = {}

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
        """Return the id of the payment method to work with: a new one when `id` is a test token."""
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
        mine = [card for card in self._cards.values() if card.customer_id == customer_id]
        mine.sort(key=lambda card: card.created)
        return mine[::-1]

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

    # ---- holds

    def make_hold(self, request: HoldRequest) -> Hold:
        if request.customer_id not in self._customers:
            raise ProviderRefused("resource_missing", "customer")
        if request.amount < MINIMUM_AMOUNTS.get(request.currency, 1):
            raise ProviderRefused("amount_too_small", "amount")
        if request.payment_method in self._others:
            raise ProviderRefused("payment_intent_incompatible_payment_method", "payment_method")
        card = self._cards.get(self.use(request.payment_method))
        if card is None:
            raise ProviderRefused("resource_missing", "payment_method")
        if card.customer_id != request.customer_id:
            self._check_free(card)
        hold_id = self._new_id("pi", 17, 24)
        hold = Hold(
            id=hold_id,
            status=HoldStatus.HELD,
            verification_id=request.verification_id,
            payment_method=card.id,
            amount=request.amount,
            currency=request.currency,
            client_secret=f"{hold_id}_secret_{self._random(17, 25)}",
        )
        behaviour = self._behaviours[card.id]
        if behaviour.decline is not None:
            hold = attrs.evolve(
                hold,
                status=HoldStatus.DECLINED,
                code=behaviour.decline.code,
                decline_code=behaviour.decline.decline_code,
            )
        elif behaviour.challenge:
            hold = attrs.evolve(
                hold, status=HoldStatus.CHALLENGED, next_action=next_action(hold_id, request.return_url)
            )
        else:
            self._give(request.customer_id, card)
        self.holds[hold_id] = _Held(hold=hold, request=request, made_at=self._clock.now())
        return hold

    def hold(self, id: str) -> Hold:
        held = self.holds.get(id)
        if held is None:
            raise NotFound("hold", id)
        if held.hold.status is HoldStatus.HELD and self._clock.now() - held.made_at >= HOLD_LIFETIME:
            return self._change(id, status=HoldStatus.RELEASED)
        return held.hold

    def find_hold(self, customer_id: str, verification_id: str) -> Hold | None:
        for hold_id, held in self.holds.items():
            if (held.request.customer_id, held.request.verification_id) == (customer_id, verification_id):
                return self.hold(hold_id)
        return None

    def release(self, id: str) -> Hold:
        self.hold(id)
        return self._change(id, status=HoldStatus.RELEASED, next_action=None)

    def list_open_holds(self, since: datetime, after: str | None) -> Page[OpenHold]:
        asked = {hold_id: held for hold_id, held in self.holds.items() if held.made_at >= since}
        return page(asked, after, self._open_hold)

    def open_holds(self) -> list[Hold]:
        current = [self.hold(hold_id) for hold_id in self.holds]
        return [hold for hold in current if hold.status in _OPEN]

    def authenticate(self, id: str, *, succeed: bool) -> None:
        hold = self.hold(id)
        if hold.status is not HoldStatus.CHALLENGED:
            raise ValueError(f"The hold {id!r} is {hold.status.value} and waits for no answer.")
        if succeed:
            request = self.holds[id].request
            assert hold.payment_method is not None
            card = self.payment_method(hold.payment_method)
            if request.customer_id in self._customers and card.id not in self._detached:
                self._give(request.customer_id, card)
            self._change(id, status=HoldStatus.HELD, next_action=None)
        else:
            code = "payment_intent_authentication_failure"
            self._change(id, status=HoldStatus.DECLINED, next_action=None, code=code)

    # ---- details

    def _open_hold(self, held: _Held) -> OpenHold | None:
        assert held.hold.id is not None
        if self.hold(held.hold.id).status not in _OPEN:
            return None
        return OpenHold(
            id=held.hold.id,
            verification_id=held.request.verification_id,
            customer_id=held.request.customer_id,
            amount=held.request.amount,
            currency=held.request.currency,
            created=held.made_at,
        )

    def _change(self, id: str, **changes: Any) -> Hold:
        held = self.holds[id]
        self.holds[id] = attrs.evolve(held, hold=attrs.evolve(held.hold, **changes))
        return self.holds[id].hold

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
