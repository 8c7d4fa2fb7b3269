"""What people do with their cards, and what goes on at the provider meanwhile."""

from collections.abc import Mapping
from typing import ClassVar, Final

from tests.simulation.environment import Core

from accounts_core.errors import Invalid, NotFound, ProviderBusy, RateLimitExceeded
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.testing.simulation import Draw
from accounts_core.use_cases.cards.verify_card import VerificationResult

from .accounts import AccountHistory
from .facts import End, Person
from .history import WORKERS

CARDS: Final = {
    "pm_card_visa": "4242",
    "pm_card_mastercard": "4444",
    "pm_card_amex": "0005",
    "pm_card_threeDSecure2Required": "3220",
    "pm_card_chargeDeclined": "0002",
}


class CardHistory(AccountHistory):
    """Adds cards, banks, events, outages and dashboards."""

    weights: ClassVar[Mapping[str, int]] = {
        **AccountHistory.weights,
        "verify_card": 10,
        "remove_card": 3,
        "choose_card": 3,
        "bank": 4,
        "event": 4,
        "outage": 1,
        "dashboard": 1,
        "reconcile": 1,
    }

    # ---- cards

    def verify_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            token = draw.of(list(CARDS))
            self.spawn(draw, lambda accounts: self._verify_card(accounts, person, token))

    async def _verify_card(self, accounts: Core, person: Person, token: str) -> None:
        fact = person.card(CARDS[token])
        fact.begin()
        end = End.IN_DOUBT
        try:
            answer = await accounts.verify_card(person.id, payment_method=token)
            if isinstance(answer, VerificationResult):
                end = End.DONE
        except (Invalid, NotFound, RateLimitExceeded):
            pass
        finally:
            fact.end(True, end)
            if end is End.IN_DOUBT:
                person.pending.add(CARDS[token])

    def remove_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._remove_card(accounts, person, draw))

    async def _remove_card(self, accounts: Core, person: Person, draw: Draw) -> None:
        cards = list(await accounts.list_payment_methods(person.id))
        if cards:
            card = draw.of(cards)
            last4 = card.card.last4
            await self.change({person.card(last4): False}, lambda: accounts.remove_payment_method(person.id, card.id))
            if last4 in person.pending:  # a verification of the same card may still come to its end
                person.card(last4).may_be(True)

    def choose_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._choose_card(accounts, person, draw))

    async def _choose_card(self, accounts: Core, person: Person, draw: Draw) -> None:
        cards = list(await accounts.list_payment_methods(person.id))
        if cards:
            await accounts.set_default_payment_method(person.id, draw.of(cards).id)

    # ---- the provider

    def bank(self, draw: Draw) -> None:
        """Somebody answers a challenge, one way or the other."""
        waiting = [each for each in self.env.gateway.open_holds() if each.status is HoldStatus.CHALLENGED]
        if waiting:
            hold, succeed = draw.of(waiting), draw.below(3) > 0
            self.scheduler.note("bank", draw.task, "says yes" if succeed else "says no")
            assert hold.id is not None
            self.env.gateway.authenticate(hold.id, succeed)

    def event(self, draw: Draw) -> None:
        """An event comes: a new one, or one that has come before, in whatever order."""
        self.customers |= set(self.env.gateway._provider._customers)
        if self.customers:
            customer, event = draw.of(sorted(self.customers)), f"evt_{draw.below(50)}"
            self.spawn(draw, lambda accounts: accounts.receive_provider_event(id=event, customer_id=customer))

    def outage(self, draw: Draw) -> None:
        """The provider turns the next calls down."""
        for method in ("hold", "release", "attach", "detach", "set_default", "update_customer", "retrieve_hold"):
            for _ in range(draw.below(3)):
                self.env.gateway.fail_next(method, ProviderBusy("Away."))

    def dashboard(self, draw: Draw) -> None:
        """Somebody takes a card away, chooses another default, or deletes a customer, in the provider's dashboard."""
        customers = self.env.gateway._provider._customers
        if not customers:
            return
        customer = draw.of(sorted(customers))
        provider = self.env.gateway._provider
        cards = provider.cards_of(customer)
        what = draw.of(("detach", "default", "delete", "default"))
        self.scheduler.note("dashboard", draw.task, f"{what} of {customer}")
        self.customers.add(customer)
        for person in self.people:
            person.is_adrift = True
        if what == "delete":
            provider.delete_customer(customer)
        elif cards and what == "detach":
            provider.detach(draw.of(cards).id)
        elif cards:
            provider.set_default(customer, draw.of(cards).id)

    def reconcile(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: accounts.reconcile_cards(), WORKERS)
