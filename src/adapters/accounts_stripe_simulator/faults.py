"""What can go wrong on the way to Stripe and back, by script or by chance.

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
"""How many requests `calls` goes back."""


class FaultKind(StrEnum):
    """What goes wrong."""

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
    """One thing that goes wrong. Use the class methods."""

    kind: FaultKind
    seconds: float = 0.0
    verdict: Verdict | None = None

    @classmethod
    def lose_request(cls) -> "Fault":
        """The connection breaks before Stripe has the request: nothing is done."""
        return cls(FaultKind.LOSE_REQUEST)

    @classmethod
    def lose_answer(cls) -> "Fault":
        """Stripe does it, and the connection breaks before the answer."""
        return cls(FaultKind.LOSE_ANSWER)

    @classmethod
    def rate_limit(cls) -> "Fault":
        """429. Nothing is done, and the key keeps nothing; Stripe never answers 429 to what it did."""
        return cls(FaultKind.RATE_LIMIT)

    @classmethod
    def key_in_use(cls) -> "Fault":
        """409 `idempotency_key_in_use`, as if the first request with this key were still running."""
        return cls(FaultKind.KEY_IN_USE)

    @classmethod
    def fail(cls, *, after: bool = False) -> "Fault":
        """500. Nothing is done, or, with `after`, all of it; the key keeps the 500 either way."""
        return cls(FaultKind.FAIL_AFTER if after else FaultKind.FAIL)

    @classmethod
    def delay(cls, seconds: float) -> "Fault":
        """Stripe has the request and takes its time. Meanwhile its key is in use."""
        return cls(FaultKind.DELAY, seconds)

    @classmethod
    def hang(cls, *, after: bool = False) -> "Fault":
        """No answer ever comes; nothing is done, or, with `after`, all of it."""
        return cls(FaultKind.HANG_AFTER if after else FaultKind.HANG)

    @classmethod
    def decline(cls, code: str = "card_declined", decline_code: str | None = "generic_decline") -> "Fault":
        """The bank says no, whatever the card. Only a confirmation asks the bank."""
        return cls(FaultKind.DECLINE, verdict=Verdict(code=code, decline_code=decline_code))

    @classmethod
    def challenge(cls) -> "Fault":
        """The bank wants the person to prove themself, whatever the card. Only a confirmation asks the bank."""
        return cls(FaultKind.CHALLENGE, verdict=Verdict(challenge=True))


@attrs.frozen
class Call:
    """A request that came: its number (from 1), `METHOD /path`, its route, its key, and what went wrong."""

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
    """What goes wrong, and when. A number comes before a pattern, a pattern before chance. Safe between threads."""

    def __init__(self) -> None:
        self._unlock()
        on_fork(self, in_child=Faults._unlock)
        self._count = 0
        self._calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)
        self._numbered: dict[int, Fault] = {}
        self._rules: list[_Rule] = []
        self._chance: tuple[float, int, Sequence[Fault]] | None = None

    def _unlock(self) -> None:
        self._lock = Lock()

    @property
    def calls(self) -> Sequence[Call]:
        """The latest requests, oldest first."""
        with self._lock:
            return list(self._calls)

    def at(self, number: int, fault: Fault) -> None:
        """Go wrong at the request with this number; the first one that ever came is 1."""
        with self._lock:
            self._numbered[number] = fault

    def on(self, pattern: str, fault: Fault, *, times: int | None = 1, skip: int = 0) -> None:
        """Go wrong at requests such as `POST /v1/payment_intents/*/cancel`: the next `times`, or all (None).

        `pattern` is compared with the request and with its route's name (`POST /v1/payment_intents/{intent}/cancel`);
        `*` stands for anything. The first `skip` that fit go well. Rules that fit the same request wait in line.
        """
        if times is not None and times < 1:
            raise ValueError(f"A fault happens at least once; got {times}.")
        with self._lock:
            self._rules.append(_Rule(pattern, fault, times, skip))

    def at_random(self, rate: float, *, seed: int, faults: Sequence[Fault] | None = None) -> None:
        """Go wrong at a share of all requests, 0 to 1. The same seed gives the same faults at the same numbers.

        Without `faults`, those of the network and of Stripe itself that need no waiting.
        """
        if not 0 <= rate <= 1:
            raise ValueError(f"A rate is between 0 and 1; got {rate}.")
        with self._lock:
            self._chance = (rate, seed, list(faults) if faults is not None else [*PASSING])

    def clear(self) -> None:
        """Let everything go well from now on. The numbers go on."""
        with self._lock:
            self._numbered.clear()
            self._rules.clear()
            self._chance = None

    def next(self, request: str, route: str, key: str | None) -> Fault | None:
        """Count a request, and return what goes wrong with it."""
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
"""What chance picks from, unless it is told otherwise."""
