"""Signed events, handed to a receiver: at least once, in no order that one could count on.

Source: https://docs.stripe.com/webhooks.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import attrs

from accounts_core.ports.clock import Clock
from accounts_stripe_simulator.state import DELIVERY, EVENT, Json, Record, State

RETRIED_FOR: Final = timedelta(days=3)
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=12)


@attrs.frozen(kw_only=True)
class Webhook:
    """An event on its way: the body, byte for byte, and the headers, with lower-case names."""

    id: str
    type: str
    payload: bytes
    headers: Mapping[str, str]

    @property
    def signature(self) -> str:
        """The `Stripe-Signature`."""
        return self.headers["stripe-signature"]


Receiver = Callable[[Webhook], object]
"""Takes an event; an error says that it was not taken, and it comes again later."""

AsyncReceiver = Callable[[Webhook], Awaitable[object]]


class Order(StrEnum):
    """In which order the events that wait are delivered."""

    AS_CAUSED = "as_caused"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


@attrs.frozen(kw_only=True)
class Plan:
    """How deliveries go wrong: `copies` of each, `delay` after the event, `order`, or all of them `lost`."""

    copies: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    delay: timedelta = timedelta(0)
    order: Order = Order.AS_CAUSED
    seed: int = 0
    lost: bool = False


class Webhooks:
    """The events of a simulator. They wait until `deliver` hands them over.

    `plan` says how deliveries go wrong; `hold` keeps them all back until `release`.
    """

    def __init__(self, state: State, clock: Clock, secret: str) -> None:
        self._state = state
        self._clock = clock
        self._secret = secret
        self._held = False
        self.plan = Plan()

    def hold(self) -> None:
        """Keep everything back."""
        self._held = True

    def release(self) -> None:
        """Let what was kept back go with the next delivery."""
        self._held = False

    def events(self) -> Sequence[Json]:
        """Return every event that was ever caused, oldest first."""
        with self._state.transaction() as transaction:
            return [record.body for record in transaction.newest_first(EVENT)][::-1]

    def waiting(self) -> Sequence[str]:
        """Return the types of the events that were not taken yet, oldest first."""
        with self._state.transaction() as transaction:
            found = [transaction.find(EVENT, each.body["event"]) for each in transaction.live(DELIVERY)]
        return [record.body["type"] for record in found if record is not None]

    def deliver(self, receiver: Receiver) -> int:
        """Hand over what is due, and return how many were taken. An error of the receiver's is remembered, not raised.

        What was not taken comes again: after a minute, then after longer and longer, for three days.
        """
        taken = 0
        for delivery, copies in self._due():
            try:
                for webhook in copies:
                    receiver(webhook)
            except Exception:  # noqa: BLE001  whatever it was, the event was not taken
                self._put_off(delivery)
            else:
                self._finish(delivery)
                taken += 1
        return taken

    async def deliver_async(self, receiver: AsyncReceiver) -> int:
        """Do what `deliver` does, with a receiver that is awaited."""
        taken = 0
        for delivery, copies in self._due():
            try:
                for webhook in copies:
                    await receiver(webhook)
            except Exception:  # noqa: BLE001  whatever it was, the event was not taken
                self._put_off(delivery)
            else:
                self._finish(delivery)
                taken += 1
        return taken

    def sign(self, event: Json) -> Webhook:
        """Return the event as it is sent now."""
        payload = json.dumps(event, indent=2)
        moment = int(self._clock.now().timestamp())
        code = hmac.new(self._secret.encode(), f"{moment}.{payload}".encode(), sha256).hexdigest()
        headers = {"content-type": "application/json; charset=utf-8", "stripe-signature": f"t={moment},v1={code}"}
        return Webhook(id=event["id"], type=event["type"], payload=payload.encode(), headers=headers)

    def _due(self) -> Sequence[tuple[Record, Sequence[Webhook]]]:
        if self._held:
            return []
        now, plan = self._clock.now().timestamp(), self.plan
        latest, furthest = now - plan.delay.total_seconds(), now + LONGEST_PAUSE.total_seconds()
        with self._state.transaction() as transaction:
            # what is due later than any pause reaches was written by a clock that was wrong
            deliveries = [each for each in transaction.live(DELIVERY) if not latest < each.hidden["due"] <= furthest]
            events = {each.id: transaction.find(EVENT, each.body["event"]) for each in deliveries}
        if plan.order is Order.REVERSED:
            deliveries.reverse()
        elif plan.order is Order.SHUFFLED:
            deliveries.sort(key=lambda each: sha256(f"{plan.seed}:{each.seq}".encode()).digest())
        due: list[tuple[Record, Sequence[Webhook]]] = []
        for delivery in deliveries:
            event = events[delivery.id]
            copies = 0 if plan.lost or event is None else plan.copies
            due.append((delivery, [self.sign(event.body)] * copies if event else []))
        return due

    def _finish(self, delivery: Record) -> None:
        with self._state.transaction() as transaction:
            transaction.remove(delivery)

    def _put_off(self, delivery: Record) -> None:
        attempts, now = delivery.hidden["attempts"], self._clock.now().timestamp()
        if now - delivery.body["created"] >= RETRIED_FOR.total_seconds():
            self._finish(delivery)
            return
        pause = min(FIRST_RETRY * 2**attempts, LONGEST_PAUSE)
        delivery.hidden |= {"attempts": attempts + 1, "due": now + pause.total_seconds()}
        with self._state.transaction() as transaction:
            transaction.save(delivery)
