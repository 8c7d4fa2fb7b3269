"""A Stripe of one's own: the state, the rules of idempotency, the faults, and the way in."""

import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from typing import Final

import attrs

from accounts_core.forking import on_fork
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_stripe_simulator import payment_methods
from accounts_stripe_simulator.answers import ConnectionLost, Refused, Response
from accounts_stripe_simulator.faults import Fault, FaultKind, Faults
from accounts_stripe_simulator.holds import answer_challenge, let_lapse
from accounts_stripe_simulator.ledger import Ledger, read_ledger
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.responses import executed, fingerprint, replayed, response_to
from accounts_stripe_simulator.routes import Match, match
from accounts_stripe_simulator.state import PAYMENT_INTENT, PAYMENT_METHOD, Answer, Json, State, Transaction
from accounts_stripe_simulator.webhooks import Receiver, Webhooks
from accounts_stripe_simulator.world import World

KEY_LIFETIME: Final = timedelta(hours=24)
"""How long an idempotency key is remembered. Stripe: at least 24 hours."""

DEFAULT_URL: Final = "http://127.0.0.1:12111"
DEFAULT_WEBHOOK_SECRET: Final = "whsec_simulator"  # noqa: S105  it guards nothing: a simulator's events are pretended

_SERVER_ERROR: Final[Json] = {
    "type": "api_error",
    "message": "An error occurred internally with the Stripe simulator, because it was told so.",
}
_KEY_IN_USE: Final = "There is currently another in-progress request using this Stripe key: "


@attrs.frozen
class Pause:
    """A request takes its time: `seconds`, or, if None, for ever."""

    seconds: float | None


Exchange = Generator[Pause, None, Response]
"""A request under way: yields where it waits, and returns the answer or raises `ConnectionLost`."""


class Simulator:
    """A stateful model of the part of Stripe's API that cards are verified with. It moves no money.

    `state` is in memory unless it is given. `url` is where people can reach its server, to answer a challenge.
    With `attaches=False` a hold with `setup_future_usage` does not attach its card. `on_webhook` takes each event
    once the request that caused it is through; without it events wait for `webhooks.deliver`.

    Safe to share between threads; several processes may each have one on the same file.
    """

    def __init__(
        self,
        clock: Clock,
        secrets: Secrets,
        *,
        state: State | None = None,
        url: str = DEFAULT_URL,
        webhook_secret: str = DEFAULT_WEBHOOK_SECRET,
        on_webhook: Receiver | None = None,
        attaches: bool = True,
    ) -> None:
        self._clock = clock
        self._secrets = secrets
        self._state = state or State.in_memory()
        self._attaches = attaches
        self._on_webhook = on_webhook
        self._running: set[str]
        self._unlock()
        on_fork(self, in_child=Simulator._unlock)
        self.url = url
        self.faults = Faults()
        self.webhooks = Webhooks(self._state, clock, webhook_secret)

    def _unlock(self) -> None:
        self._lock = Lock()
        self._running = set()

    # ---- the API

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        form: str | bytes | Mapping[str, str] = "",
    ) -> Response:
        """Answer a request at once: a delay takes no time. Raises `ConnectionLost`, also for what would hang."""
        exchange = self.exchange(Request.of(method, path, headers, form))
        try:
            while True:
                if next(exchange).seconds is None:
                    exchange.close()
                    raise ConnectionLost("No answer ever comes.")
        except StopIteration as end:
            response: Response = end.value
            return response

    def exchange(self, request: Request) -> Exchange:
        """Answer a request step by step, for a transport that can wait. Close what is given up."""
        request_id = f"req_{self._secrets.random_bytes(7).hex()}"
        try:
            response = yield from self._exchange(request, request_id)
        except Refused as refused:
            response = response_to(refused.status, {"error": refused.error}, request)
        return attrs.evolve(
            response,
            headers={**response.headers, "request-id": request_id, "stripe-version": request.version},
        )

    def _exchange(self, request: Request, request_id: str) -> Exchange:
        request.check_authorized()
        route, key = match(request.method, request.path), request.key
        fault = self.faults.next(request.name, route.name, key)
        kind = fault.kind if fault else None
        if kind is FaultKind.LOSE_REQUEST:
            raise ConnectionLost("The request was lost.")
        if kind is FaultKind.RATE_LIMIT:
            raise Refused(429, "Request rate limit exceeded.", code="rate_limit")
        with self._in_flight(None if kind is FaultKind.HANG else key, claimed=kind is FaultKind.KEY_IN_USE):
            if kind is FaultKind.HANG:
                yield Pause(None)
                raise ConnectionLost("No answer ever comes, and nothing was done.")
            if fault and fault.seconds:
                yield Pause(fault.seconds)
            try:
                response = self._execute(request, route, key, fault, request_id)
            except sqlite3.Error as error:  # as on a full disk: whoever asked is left in the dark, and nothing was done
                raise ConnectionLost(f"The simulator's state is out of reach: {error}.") from error
        if self._on_webhook is not None:
            self.webhooks.deliver(self._on_webhook)
        if kind is FaultKind.HANG_AFTER:
            yield Pause(None)
        if kind in {FaultKind.LOSE_ANSWER, FaultKind.HANG_AFTER}:
            raise ConnectionLost("The answer was lost.")
        return response

    @contextmanager
    def _in_flight(self, key: str | None, *, claimed: bool) -> Iterator[None]:
        """Hold the key while its request runs. Raises `Refused` when another one does."""
        with self._lock:
            if claimed or key in self._running:
                raise Refused(409, f"{_KEY_IN_USE}{key}", code="idempotency_key_in_use")
            if key is not None:
                self._running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(key or "")

    def _execute(
        self, request: Request, route: Match, key: str | None, fault: Fault | None, request_id: str
    ) -> Response:
        with self._state.transaction() as transaction:
            world = self._world(transaction, request, fault, request_id, key)
            let_lapse(world)
            if key is not None:
                stored = transaction.answer(key, now=world.seconds)
                if stored is not None:
                    return replayed(stored, request)
            kind = fault.kind if fault else None
            is_kept = True
            if kind is FaultKind.FAIL:
                response = response_to(500, {"error": _SERVER_ERROR}, request)
            else:
                response, is_kept = executed(world, request, route)
                if kind is FaultKind.FAIL_AFTER and is_kept:
                    response = response_to(500, {"error": _SERVER_ERROR}, request)
            if key is not None and is_kept:
                answer = Answer(fingerprint(request), response.status, response.body.decode())
                expires = world.seconds + int(KEY_LIFETIME.total_seconds())
                transaction.keep_answer(key, answer, expires=expires)
            return response

    # ---- what people do, and what one wants to know afterwards

    def authenticate(self, payment_intent: str, *, succeed: bool = True) -> Json:
        """Answer the bank's challenge as the person would, and return the intent.

        Raises `ValueError` when there is no such intent, or it waits for no answer.
        """
        return self._by_hand(
            PAYMENT_INTENT, payment_intent, lambda world: _answered(world, payment_intent, succeed=succeed)
        )

    def renew_card(self, payment_method: str, *, last4: str, exp_month: int, exp_year: int) -> Json:
        """Replace the card's number and expiry as its bank may at any time; return the payment method.

        Raises `ValueError` when there is no such payment method.
        """
        changes = {"last4": last4, "exp_month": exp_month, "exp_year": exp_year}
        return self._by_hand(PAYMENT_METHOD, payment_method, lambda world: _renewed(world, payment_method, changes))

    def ledger(self) -> Ledger:
        """Return the books as they are now."""
        with self._state.transaction() as transaction:
            let_lapse(self._world(transaction))
            return read_ledger(transaction)

    def payment_intent(self, id: str) -> Json | None:
        """Return the intent as the API shows it, or None."""
        with self._state.transaction() as transaction:
            let_lapse(self._world(transaction))
            record = transaction.find(PAYMENT_INTENT, id)
        return record.body if record else None

    def close(self) -> None:
        """Close the state."""
        self._state.close()

    def _by_hand(self, kind: str, id: str, act: Callable[[World], Json]) -> Json:
        try:
            with self._state.transaction() as transaction:
                world = self._world(transaction)
                let_lapse(world)
                body = act(world)
        except Refused as refused:
            raise ValueError(f"{kind} {id!r}: {refused}") from refused
        if self._on_webhook is not None:
            self.webhooks.deliver(self._on_webhook)
        return body

    def _world(
        self,
        transaction: Transaction,
        request: Request | None = None,
        fault: Fault | None = None,
        request_id: str | None = None,
        key: str | None = None,
    ) -> World:
        world = World(
            transaction=transaction,
            now=self._clock.now(),
            secrets=self._secrets,
            challenge_url=f"{self.url}/simulator/challenges",
            attaches=self._attaches,
            verdict=fault.verdict if fault else None,
            request_id=request_id,
            key=key,
        )
        return world if request is None else attrs.evolve(world, version=request.version)


def _answered(world: World, id: str, *, succeed: bool) -> Json:
    record = world.find(PAYMENT_INTENT, id, what="payment_intent", param="intent", status=404)
    return answer_challenge(world, record, succeed=succeed)


def _renewed(world: World, id: str, changes: Json) -> Json:
    record = world.find(PAYMENT_METHOD, id, what="PaymentMethod", param="payment_method", status=404)
    return payment_methods.renew(world, record, changes)
