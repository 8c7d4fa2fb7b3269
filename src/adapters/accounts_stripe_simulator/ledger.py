"""The ledger: a summary of holds, captures, cards and customers for the assertions of tests."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from accounts_stripe_simulator.state import CUSTOMER, PAYMENT_INTENT, PAYMENT_METHOD, Json, Transaction

OPEN: Final = ("requires_capture",)
UNFINISHED: Final = ("requires_action", "requires_confirmation", "requires_payment_method")

VERIFICATION_ID: Final = "verification_id"
USER_ID: Final = "user_id"


@attrs.frozen(kw_only=True)
class Ledger:
    """The simulator's ledger at one moment.

    - `open_holds`: intents that hold money.
    - `unfinished`: intents that hold no money yet and still could, declined ones included.
    - `captured`: captured amounts in minor units, by currency. Empty for a product that only verifies cards.
    - `holds`: every intent that holds or has held money, by its metadata's `verification_id`.
    - `attached`: the payment methods of each customer, newest first.
    - `defaults`: the default payment method of each customer, or None.
    - `customers`: the customers that are not deleted, by their metadata's `user_id`, oldest first.
    """

    open_holds: Sequence[str]
    unfinished: Sequence[str]
    captured: Mapping[str, int]
    holds: Mapping[str, Sequence[str]]
    attached: Mapping[str, Sequence[str]]
    defaults: Mapping[str, str | None]
    customers: Mapping[str, Sequence[str]]

    @property
    def is_violated(self) -> bool:
        """Whether money was captured, which card verification never does."""
        return bool(self.captured)

    @property
    def doubled_holds(self) -> Mapping[str, Sequence[str]]:
        """The holds of each verification that has more than one."""
        return {name: ids for name, ids in self.holds.items() if name and len(ids) > 1}

    @property
    def doubled_customers(self) -> Mapping[str, Sequence[str]]:
        """The customers of each user that has more than one."""
        return {name: ids for name, ids in self.customers.items() if name and len(ids) > 1}

    def to_json(self) -> Json:
        """Return the ledger as a JSON object."""
        return {**attrs.asdict(self), "is_violated": self.is_violated}


def read_ledger(transaction: Transaction) -> Ledger:
    """Read the ledger from the stored objects."""
    by_status: defaultdict[str, list[str]] = defaultdict(list)
    captured: Counter[str] = Counter()
    holds: defaultdict[str, list[str]] = defaultdict(list)
    for record in [*transaction.list_newest_first(PAYMENT_INTENT)][::-1]:
        body = record.body
        by_status[body["status"]].append(record.id)
        if body["amount_received"]:
            captured[body["currency"]] += body["amount_received"]
        if "held_at" in record.hidden:
            holds[body["metadata"].get(VERIFICATION_ID, "")].append(record.id)
    attached: dict[str, list[str]] = {}
    defaults: dict[str, str | None] = {}
    customers: defaultdict[str, list[str]] = defaultdict(list)
    for customer in [*transaction.list_newest_first(CUSTOMER)][::-1]:
        if not customer.body.get("deleted"):
            attached[customer.id] = []
            defaults[customer.id] = customer.body["invoice_settings"]["default_payment_method"]
            customers[customer.body["metadata"].get(USER_ID, "")].append(customer.id)
    for card in transaction.list_newest_first(PAYMENT_METHOD):
        if card.body["customer"] in attached:
            attached[card.body["customer"]].append(card.id)
    return Ledger(
        open_holds=[intent for status in OPEN for intent in by_status[status]],
        unfinished=[intent for status in UNFINISHED for intent in by_status[status]],
        captured=dict(captured),
        holds=dict(holds),
        attached=attached,
        defaults=defaults,
        customers=dict(customers),
    )
