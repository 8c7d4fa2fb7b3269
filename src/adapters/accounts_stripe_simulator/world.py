"""What a request may touch while it runs: the objects, the time, randomness, and the events that it causes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from accounts_core.model.ids import base62
from accounts_core.ports.secrets import Secrets
from accounts_stripe_simulator.answers import missing
from accounts_stripe_simulator.cards import Verdict
from accounts_stripe_simulator.state import CUSTOMER, DELIVERY, EVENT, Json, Kind, Record, Transaction

API_VERSION: Final = "2026-10-28.endive"
"""The API version whose rules and shapes the simulator has: the one that the SDK sends."""


@attrs.frozen(kw_only=True)
class World:
    """One request's view of the simulator.

    `attaches` says whether a successful hold attaches its card. `verdict` is what a fault makes the bank say, whatever
    the card. `challenge_url` leads to the page where the person answers a challenge.
    """

    transaction: Transaction
    now: datetime
    secrets: Secrets
    challenge_url: str
    version: str = API_VERSION
    attaches: bool = True
    verdict: Verdict | None = None
    request_id: str | None = None
    key: str | None = None

    @property
    def seconds(self) -> int:
        """The time as Stripe writes it: whole seconds since 1970."""
        return int(self.now.timestamp())

    def random(self, width: int) -> str:
        """Return `width` random letters and digits."""
        return base62(int.from_bytes(self.secrets.random_bytes(width), "big"), width=width)[-width:]

    def new_id(self, prefix: str, width: int = 24) -> str:
        return f"{prefix}_{self.random(width)}"

    def add(self, kind: Kind, body: Json, hidden: Json | None = None, *, live: bool = False) -> Record:
        return self.transaction.add(Record(kind, body, hidden or {}, live))

    def find(self, kind: Kind, id: str, *, what: str, param: str, status: int) -> Record:
        """Return the object, or refuse with `resource_missing`."""
        record = self.transaction.find(kind, id)
        if record is None:
            raise missing(what, id, param, status=status)
        return record

    def customer(self, id: str, *, param: str, status: int) -> Record:
        """Return the customer, or refuse; one that was deleted is missing as well."""
        record = self.find(CUSTOMER, id, what="customer", param=param, status=status)
        if record.body.get("deleted"):
            raise missing("customer", id, param, status=status)
        return record

    def emit(self, type: str, subject: Record, previous: Mapping[str, object] | None = None) -> None:
        """Record the event, and one delivery of it, as part of this request."""
        data: Json = {"object": subject.body}
        if previous is not None:
            data["previous_attributes"] = dict(previous)
        event: Json = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.seconds,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": self.request_id, "idempotency_key": self.key},
            "type": type,
        }
        self.add(EVENT, event)
        delivery = {"id": f"delivery_{event['id']}", "created": self.seconds, "event": event["id"]}
        self.add(DELIVERY, delivery, {"attempts": 0, "due": self.now.timestamp()}, live=True)
