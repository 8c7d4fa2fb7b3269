"""The simulator: its state, its faults, and the rules of idempotency."""

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
from accounts_stripe_simulator.holds import answer_challenge, cancel_expired
from accounts_stripe_simulator.ledger import Ledger, read_ledger
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.responses import execute, fingerprint, make_response, replay
from accounts_stripe_simulator.routes import Match, match
from accounts_stripe_simulator.state import PAYMENT_INTENT, PAYMENT_METHOD, Answer, Json, State, Transaction
from accounts_stripe_simulator.webhooks import Receiver, Webhooks
from accounts_stripe_simulator.world import World

KEY_LIFETIME: Final = timedelta(hours=24)
"""The lifetime of an idempotency key. Stripe: at least 24 hours."""

DEFAULT_URL: Final = "http://127.0.0.1:12111"
DEFAULT_WEBHOOK_SECRET: Final = "whsec_simulator"  # noqa: S105  it protects nothing, because the events are simulated

_SERVER_ERROR: Final[Json] = {
    "type": "api_error",
    "message": "An error occurred internally with the Stripe simulator, because it was told so.",
}
_KEY_IN_USE: Final = "There is currently another in-progress request using this Stripe key: "


@attrs.frozen
class Pause:
    """A pause in a request: `seconds`, or without end if None."""

    seconds: float | None


Exchange = Generator[Pause, None, Response]
"""A running request: yields each pause, and returns the response or raises `ConnectionLost`."""


class Simulator:
    """A stateful model of the part of Stripe's API that verifies cards. It moves no money.

    Safe to share between threads. Several processes may each have a simulator on one file.
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
        """Make a simulator.

        Args:
            clock: The time of the simulator.
            secrets: The randomness of ids.
            state: The stored objects; a new state in memory by default.
            url: The address of the simulator's server, for links to its pages.
            webhook_secret: The secret that signs events.
            on_webhook: Called with each event after the request that caused it. Without it, events wait for
                `webhooks.deliver`.
            attaches: Whether a hold with `setup_future_usage` attaches its card.

        """
        self._clock = clock
        self._secrets = secrets
        self._state = state or State.in_memory()
        self._attaches = attaches
        self._on_webhook = on_webhook
        self._running: set[str]
        self._reset_locks()
        on_fork(self, in_child=Simulator._reset_locks)
        self.url = url
        self.faults = Faults()
        self.webhooks = Webhooks(self._state, clock, webhook_secret)

    def _reset_locks(self) -> None:
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
        """Return the response to a request. Delays are skipped.

        Args:
            method: The HTTP method.
            path: The path, with or without a query.
            headers: The headers, with names in any case.
            form: The parameters, encoded or as a mapping.

        Raises:
            ConnectionLost: A fault loses the request or its response, or lets it hang.

        """
        exchange = self.exchange(Request.parse(method, path, headers, form))
        try:
            while True:
                if next(exchange).seconds is None:
                    exchange.close()
                    raise ConnectionLost("The request hangs.")
        except StopIteration as end:
            response: Response = end.value
            return response

    def exchange(self, request: Request) -> Exchange:
        """Execute a request step by step, for a transport that waits. Close an exchange that is given up."""
        request_id = f"req_{self._secrets.random_bytes(7).hex()}"
        try:
            response = yield from self._exchange(request, request_id)
        except Refused as refused:
            response = make_response(refused.status, {"error": refused.error}, request)
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
        with self._claim_key(None if kind is FaultKind.HANG else key, in_use=kind is FaultKind.KEY_IN_USE):
            if kind is FaultKind.HANG:
                yield Pause(None)
                raise ConnectionLost("The request hangs and was not executed.")
            if fault and fault.seconds:
                yield Pause(fault.seconds)
            try:
                response = self._execute(request, route, key, fault, request_id)
            except sqlite3.Error as error:  # such as a full disk: nothing was executed, which the client cannot know
                raise ConnectionLost(f"The simulator's state is out of reach: {error}.") from error
        if self._on_webhook is not None:
            self.webhooks.deliver(self._on_webhook)
        if kind is FaultKind.HANG_AFTER:
            yield Pause(None)
        if kind in {FaultKind.LOSE_ANSWER, FaultKind.HANG_AFTER}:
            raise ConnectionLost("The response was lost.")
        return response

    @contextmanager
    def _claim_key(self, key: str | None, *, in_use: bool) -> Iterator[None]:
        """Claim an idempotency key while its request runs.

        Raises:
            Refused: Another request has the key, or `in_use` is set.

        """
        with self._lock:
            if in_use or key in self._running:
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
            world = self._make_world(transaction, request, fault, request_id, key)
            cancel_expired(world)
            if key is not None:
                stored = transaction.find_answer(key, now=world.seconds)
                if stored is not None:
                    return replay(stored, request)
            kind = fault.kind if fault else None
            is_kept = True
            if kind is FaultKind.FAIL:
                response = make_response(500, {"error": _SERVER_ERROR}, request)
            else:
                response, is_kept = execute(world, request, route)
                if kind is FaultKind.FAIL_AFTER and is_kept:
                    response = make_response(500, {"error": _SERVER_ERROR}, request)
            if key is not None and is_kept:
                answer = Answer(fingerprint(request), response.status, response.body.decode())
                expires = world.seconds + int(KEY_LIFETIME.total_seconds())
                transaction.add_answer(key, answer, expires=expires)
            return response

    # ---- actions of customers and banks, and inspection

    def authenticate(self, payment_intent: str, *, succeed: bool = True) -> Json:
        """Finish the authentication of a card as its holder would, and return the intent.

        Raises:
            ValueError: No such intent, or it does not wait for authentication.

        """
        return self._run_manually(
            PAYMENT_INTENT, payment_intent, lambda world: _answer_challenge(world, payment_intent, succeed=succeed)
        )

    def renew_card(self, payment_method: str, *, last4: str, exp_month: int, exp_year: int) -> Json:
        """Replace a card's number and expiry as its bank may at any time, and return the payment method.

        Raises:
            ValueError: No such card.

        """
        changes = {"last4": last4, "exp_month": exp_month, "exp_year": exp_year}
        return self._run_manually(
            PAYMENT_METHOD, payment_method, lambda world: _renew_card(world, payment_method, changes)
        )

    def ledger(self) -> Ledger:
        """Return the current ledger."""
        with self._state.transaction() as transaction:
            cancel_expired(self._make_world(transaction))
            return read_ledger(transaction)

    def payment_intent(self, id: str) -> Json | None:
        """Return the payment intent as the API shows it, or None."""
        with self._state.transaction() as transaction:
            cancel_expired(self._make_world(transaction))
            record = transaction.find(PAYMENT_INTENT, id)
        return record.body if record else None

    def close(self) -> None:
        """Close the state."""
        self._state.close()

    def _run_manually(self, kind: str, id: str, act: Callable[[World], Json]) -> Json:
        try:
            with self._state.transaction() as transaction:
                world = self._make_world(transaction)
                cancel_expired(world)
                body = act(world)
        except Refused as refused:
            raise ValueError(f"{kind} {id!r}: {refused}") from refused
        if self._on_webhook is not None:
            self.webhooks.deliver(self._on_webhook)
        return body

    def _make_world(
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


def _answer_challenge(world: World, id: str, *, succeed: bool) -> Json:
    record = world.find(PAYMENT_INTENT, id, label="payment_intent", param="intent", status=404)
    return answer_challenge(world, record, succeed=succeed)


def _renew_card(world: World, id: str, changes: Json) -> Json:
    record = world.find(PAYMENT_METHOD, id, label="PaymentMethod", param="payment_method", status=404)
    return payment_methods.renew(world, record, changes)
