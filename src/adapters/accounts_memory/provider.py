"""The provider behind `MemoryGateway`: customers, payment methods and holds, by Stripe's rules."""

from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from accounts_core.errors import NotFound, ProviderRefused
from accounts_core.model.policy import MINIMUM_AMOUNTS
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import Hold, HoldRequest, HoldStatus, OpenHold, Page
from accounts_core.ports.secrets import Secrets

from .provider_answers import next_action, page
from .provider_customers import ProviderCustomers

HOLD_LIFETIME: Final = timedelta(days=7)
"""Lifetime of a hold that is neither captured nor released. Source: Stripe's documentation on placing a hold."""

_OPEN: Final = {HoldStatus.HELD, HoldStatus.CHALLENGED}


@attrs.frozen(kw_only=True)
class _Held:
    """Hold with its request parameters and time."""

    hold: Hold
    request: HoldRequest
    made_at: datetime


class Provider(ProviderCustomers):
    """State of the provider. Methods raise the errors of `PaymentGateway`, and do not handle idempotency keys."""

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        super().__init__(clock, secrets)
        self.holds: dict[str, _Held] = {}

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
