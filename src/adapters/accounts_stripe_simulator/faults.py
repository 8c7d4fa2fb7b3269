"""Faults between the client and Stripe, set for certain requests or at random.

faults.on("POST /v1/payment_intents", Fault.lose_answer())
faults.at(7, Fault.fail())
faults.at_random(0.1, seed=3)
"""

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from threading import Lock
from typing import Final

import attrs

from accounts_core.forking import on_fork
from accounts_stripe_simulator.cards import Verdict

REMEMBERED_CALLS: Final = 10_000
"""The number of requests that `Faults.calls` keeps."""


class FaultKind(StrEnum):
    """The kinds of faults."""

    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    RATE_LIMIT = "rate_limit"
    KEY_IN_USE = "key_in_use"
    FAIL = "fail"
    FAIL_AFTER = "fail_after"
    DELAY = "delay"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    DECLINE = "decline"
    CHALLENGE = "challenge"


@attrs.frozen
class Fault:
    """A fault of one request. Use the class methods to make one."""

    kind: FaultKind
    seconds: float = 0.0
    verdict: Verdict | None = None

    @classmethod
    def lose_request(cls) -> "Fault":
        """Break the connection before Stripe receives the request. Nothing is executed."""
        return cls(FaultKind.LOSE_REQUEST)

    @classmethod
    def lose_answer(cls) -> "Fault":
        """Execute the request and break the connection before the response."""
        return cls(FaultKind.LOSE_ANSWER)

    @classmethod
    def rate_limit(cls) -> "Fault":
        """Respond with 429. Nothing is executed and nothing is stored under the key, as Stripe documents it."""
        return cls(FaultKind.RATE_LIMIT)

    @classmethod
    def key_in_use(cls) -> "Fault":
        """Respond with 409 `idempotency_key_in_use`, as if an earlier request with this key were still running."""
        return cls(FaultKind.KEY_IN_USE)

    @classmethod
    def fail(cls, *, after: bool = False) -> "Fault":
        """Respond with 500, which is stored under the key. The request is executed only with `after`."""
        return cls(FaultKind.FAIL_AFTER if after else FaultKind.FAIL)

    @classmethod
    def delay(cls, seconds: float) -> "Fault":
        """Wait `seconds` before the request is executed. Its key is in use meanwhile."""
        return cls(FaultKind.DELAY, seconds)

    @classmethod
    def hang(cls, *, after: bool = False) -> "Fault":
        """Send no response and keep the connection open. The request is executed only with `after`."""
        return cls(FaultKind.HANG_AFTER if after else FaultKind.HANG)

    @classmethod
    def decline(cls, code: str = "card_declined", decline_code: str | None = "generic_decline") -> "Fault":
        """Decline the hold, whatever the card. It has an effect on requests that confirm an intent."""
        return cls(FaultKind.DECLINE, verdict=Verdict(code=code, decline_code=decline_code))

    @classmethod
    def challenge(cls) -> "Fault":
        """Require authentication, whatever the card. It has an effect on requests that confirm an intent."""
        return cls(FaultKind.CHALLENGE, verdict=Verdict(challenge=True))


@attrs.frozen
class Call:
    """A received request: its number (from 1), `METHOD /path`, its route, its idempotency key and its fault."""

    number: int
    request: str
    route: str
    key: str | None
    fault: Fault | None


@attrs.define
class _Rule:
    pattern: str
    fault: Fault
    times: int | None
    skip: int


class Faults:
    """The faults of a simulator, and the requests that they apply to.

    A fault that is set for a number comes before one for a pattern, and that before a random one. Safe to share between
    threads.
    """

    def __init__(self) -> None:
        self._reset_locks()
        on_fork(self, in_child=Faults._reset_locks)
        self._count = 0
        self._calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)
        self._numbered: dict[int, Fault] = {}
        self._rules: list[_Rule] = []
        self._chance: tuple[float, int, Sequence[Fault]] | None = None

    def _reset_locks(self) -> None:
        self._lock = Lock()

    @property
    def calls(self) -> Sequence[Call]:
        """The latest requests, oldest first, at most `REMEMBERED_CALLS`."""
        with self._lock:
            return list(self._calls)

    def at(self, number: int, fault: Fault) -> None:
        """Apply a fault to the request with this number. The simulator's first request has number 1."""
        with self._lock:
            self._numbered[number] = fault

    def on(self, pattern: str, fault: Fault, *, times: int | None = 1, skip: int = 0) -> None:
        """Apply a fault to requests that match a pattern. Of several matching rules the oldest is used first.

        Args:
            pattern: Compared with the request (`POST /v1/payment_intents/*/cancel`, where `*` stands for any text) and
                with the name of its route (`POST /v1/payment_intents/{intent}/cancel`).
            fault: The fault.
            times: The number of requests that get the fault; None for all of them.
            skip: The number of matching requests that get no fault first.

        Raises:
            ValueError: `times` is less than 1.

        """
        if times is not None and times < 1:
            raise ValueError(f"A fault happens at least once; got {times}.")
        with self._lock:
            self._rules.append(_Rule(pattern, fault, times, skip))

    def at_random(self, rate: float, *, seed: int, faults: Sequence[Fault] | None = None) -> None:
        """Apply random faults. The same seed gives the same faults to the same request numbers.

        Args:
            rate: The share of requests that get a fault, from 0 to 1.
            seed: The seed of the random choice.
            faults: The faults to choose from. Without it, the network's and Stripe's faults that need no waiting.

        Raises:
            ValueError: `rate` is outside 0 to 1.

        """
        if not 0 <= rate <= 1:
            raise ValueError(f"A rate is between 0 and 1; got {rate}.")
        with self._lock:
            self._chance = (rate, seed, list(faults) if faults is not None else [*PASSING])

    def clear(self) -> None:
        """Remove all faults. Request numbers continue."""
        with self._lock:
            self._numbered.clear()
            self._rules.clear()
            self._chance = None

    def next(self, request: str, route: str, key: str | None) -> Fault | None:
        """Count a request and return its fault, or None."""
        with self._lock:
            self._count += 1
            fault = self._numbered.pop(self._count, None) or self._by_rule(request, route) or self._by_chance()
            self._calls.append(Call(self._count, request, route, key, fault))
            return fault

    def _by_rule(self, request: str, route: str) -> Fault | None:
        for rule in self._rules:
            if route != rule.pattern and not fnmatchcase(request, rule.pattern):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
                if not rule.times:
                    self._rules.remove(rule)
            return rule.fault
        return None

    def _by_chance(self) -> Fault | None:
        if self._chance is None:
            return None
        rate, seed, faults = self._chance
        draw = sha256(f"{seed}:{self._count}".encode()).digest()
        if int.from_bytes(draw[:4], "big") >= rate * 2**32:
            return None
        return faults[int.from_bytes(draw[4:8], "big") % len(faults)]


PASSING: Final = (
    Fault.lose_request(),
    Fault.lose_answer(),
    Fault.rate_limit(),
    Fault.key_in_use(),
    Fault.fail(),
    Fault.fail(after=True),
)
"""The faults that `Faults.at_random` chooses from by default."""
