"""The context of a running request: stored objects, time, randomness and events."""

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
"""The API version that the simulator models. The SDK sends the same one."""


@attrs.frozen(kw_only=True)
class World:
    """The context of one request.

    `attaches` tells whether a successful hold attaches its card. `verdict` is the bank's response that a fault sets,
    whatever the card. `challenge_url` is the address of the page for card authentication.
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
        """The time in seconds since 1970, as in Stripe's objects."""
        return int(self.now.timestamp())

    def random_text(self, width: int) -> str:
        """Return a text of `width` random letters and digits."""
        return base62(int.from_bytes(self.secrets.random_bytes(width), "big"), width=width)[-width:]

    def make_id(self, prefix: str, width: int = 24) -> str:
        """Return a new id: the prefix, an underscore, and `width` random letters and digits."""
        return f"{prefix}_{self.random_text(width)}"

    def add(self, kind: Kind, body: Json, hidden: Json | None = None, *, live: bool = False) -> Record:
        """Store a new object and return its record."""
        return self.transaction.add(Record(kind, body, hidden or {}, live))

    def find(self, kind: Kind, id: str, *, label: str, param: str, status: int) -> Record:
        """Return a stored object.

        Args:
            kind: The kind of object.
            id: The id.
            label: The kind of object, as Stripe's message names it.
            param: The parameter that had the id.
            status: The HTTP status of the error.

        Raises:
            Refused: No such object (`resource_missing`).

        """
        record = self.transaction.find(kind, id)
        if record is None:
            raise missing(label, id, param, status=status)
        return record

    def find_customer(self, id: str, *, param: str, status: int) -> Record:
        """Return a customer. Raises `Refused` (`resource_missing`) if there is none or it was deleted."""
        record = self.find(CUSTOMER, id, label="customer", param=param, status=status)
        if record.body.get("deleted"):
            raise missing("customer", id, param, status=status)
        return record

    def emit(self, type: str, subject: Record, previous: Mapping[str, object] | None = None) -> None:
        """Store an event and its pending delivery in the request's transaction."""
        data: Json = {"object": subject.body}
        if previous is not None:
            data["previous_attributes"] = dict(previous)
        event: Json = {
            "id": self.make_id("evt"),
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
