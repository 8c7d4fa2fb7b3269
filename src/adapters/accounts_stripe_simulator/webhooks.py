"""Delivery of signed events: at least once, in no guaranteed order.

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
    """A signed event: the exact body, and the headers with lower-case names."""

    id: str
    type: str
    payload: bytes
    headers: Mapping[str, str]

    @property
    def signature(self) -> str:
        """The header `Stripe-Signature`."""
        return self.headers["stripe-signature"]


Receiver = Callable[[Webhook], object]
"""A function that receives an event. If it raises, the event is delivered again later."""

AsyncReceiver = Callable[[Webhook], Awaitable[object]]


class Order(StrEnum):
    """The order in which pending events are delivered."""

    AS_CAUSED = "as_caused"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


@attrs.frozen(kw_only=True)
class Plan:
    """The delivery of events.

    - `copies`: how often each event is delivered.
    - `delay`: the time between an event and its delivery.
    - `order`, `seed`: the order of pending events; the seed is for a shuffled one.
    - `lost`: whether events count as delivered without a delivery.
    """

    copies: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    delay: timedelta = timedelta(0)
    order: Order = Order.AS_CAUSED
    seed: int = 0
    lost: bool = False


class Webhooks:
    """The events of a simulator, which are pending until `deliver` delivers them.

    `plan` sets how they are delivered.
    """

    def __init__(self, state: State, clock: Clock, secret: str) -> None:
        self._state = state
        self._clock = clock
        self._secret = secret
        self._held = False
        self.plan = Plan()

    def hold(self) -> None:
        """Deliver nothing until `release`."""
        self._held = True

    def release(self) -> None:
        """Deliver pending events again, from the next `deliver` on."""
        self._held = False

    def events(self) -> Sequence[Json]:
        """Return all events, oldest first."""
        with self._state.transaction() as transaction:
            return [record.body for record in transaction.list_newest_first(EVENT)][::-1]

    def waiting(self) -> Sequence[str]:
        """Return the types of the pending events, oldest first."""
        with self._state.transaction() as transaction:
            records = [transaction.find(EVENT, each.body["event"]) for each in transaction.list_live(DELIVERY)]
        return [record.body["type"] for record in records if record is not None]

    def deliver(self, receiver: Receiver) -> int:
        """Deliver the events that are due.

        If the receiver raises, the event is delivered again after a minute, then after growing intervals, for three
        days.

        Returns:
            The number of events that the receiver accepted.

        """
        accepted = 0
        for delivery, copies in self._list_due():
            try:
                for webhook in copies:
                    receiver(webhook)
            except Exception:  # noqa: BLE001  any error means that the event was not accepted
                self._reschedule(delivery)
            else:
                self._remove(delivery)
                accepted += 1
        return accepted

    async def deliver_async(self, receiver: AsyncReceiver) -> int:
        """Deliver the events that are due, as `deliver` does, to a receiver that is awaited."""
        accepted = 0
        for delivery, copies in self._list_due():
            try:
                for webhook in copies:
                    await receiver(webhook)
            except Exception:  # noqa: BLE001  any error means that the event was not accepted
                self._reschedule(delivery)
            else:
                self._remove(delivery)
                accepted += 1
        return accepted

    def sign(self, event: Json) -> Webhook:
        """Return the event with a signature of the current time."""
        payload = json.dumps(event, indent=2)
        moment = int(self._clock.now().timestamp())
        code = hmac.new(self._secret.encode(), f"{moment}.{payload}".encode(), sha256).hexdigest()
        headers = {"content-type": "application/json; charset=utf-8", "stripe-signature": f"t={moment},v1={code}"}
        return Webhook(id=event["id"], type=event["type"], payload=payload.encode(), headers=headers)

    def _list_due(self) -> Sequence[tuple[Record, Sequence[Webhook]]]:
        if self._held:
            return []
        now, plan = self._clock.now().timestamp(), self.plan
        latest_due, latest_plausible = now - plan.delay.total_seconds(), now + LONGEST_PAUSE.total_seconds()
        with self._state.transaction() as transaction:
            # a delivery that is due later than the longest pause was written under a wrong clock
            deliveries = [
                each
                for each in transaction.list_live(DELIVERY)
                if not latest_due < each.hidden["due"] <= latest_plausible
            ]
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

    def _remove(self, delivery: Record) -> None:
        with self._state.transaction() as transaction:
            transaction.remove(delivery)

    def _reschedule(self, delivery: Record) -> None:
        attempts, now = delivery.hidden["attempts"], self._clock.now().timestamp()
        if now - delivery.body["created"] >= RETRIED_FOR.total_seconds():
            self._remove(delivery)
            return
        pause = min(FIRST_RETRY * 2**attempts, LONGEST_PAUSE)
        delivery.hidden |= {"attempts": attempts + 1, "due": now + pause.total_seconds()}
        with self._state.transaction() as transaction:
            transaction.save(delivery)
