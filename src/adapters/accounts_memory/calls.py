"""Recorded calls, idempotency keys and injected faults of the fake provider."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from threading import RLock
from typing import Any, Final, NamedTuple, TypeVar, cast

import attrs

from accounts_core.errors import ProviderRefused
from accounts_core.forking import on_fork
from accounts_core.ports.clock import Clock

R = TypeVar("R")

KEY_LIFETIME: Final = timedelta(hours=24)
"""Lifetime of an idempotency key. Source: Stripe's documentation, "Idempotent requests"."""


class Call(NamedTuple):
    """One call: the method's name and its arguments in signature order, without the idempotency key."""

    method: str
    arguments: tuple[object, ...]


@attrs.frozen
class _Fault:
    error: Exception
    after: bool
    replayed: bool


@attrs.frozen
class _LastingFault:
    make_error: Callable[[], Exception]
    methods: frozenset[str]
    after: bool

    def fault_of(self, method: str) -> _Fault | None:
        if self.methods and method not in self.methods:
            return None
        return _Fault(self.make_error(), self.after, replayed=False)


@attrs.frozen
class _Answer:
    call: Call
    outcome: object
    error: Exception | None
    until: Any


class Calls:
    """Runner of calls under one lock, with recording, idempotency and injected faults."""

    def __init__(self, clock: Clock) -> None:
        self.log: list[Call] = []
        self._clock = clock
        self._answers: dict[str, _Answer] = {}
        self._faults: dict[str, deque[_Fault]] = {}
        self._lasting: _LastingFault | None = None
        self._unlock()
        on_fork(self, in_child=Calls._unlock)

    def _unlock(self) -> None:
        self.lock = RLock()

    def fail_next(self, method: str, error: Exception, *, after: bool, replayed: bool) -> None:
        self._faults.setdefault(method, deque()).append(_Fault(error, after, replayed))

    def fail_all(self, make_error: Callable[[], Exception], *, methods: Collection[str], after: bool) -> None:
        self._lasting = _LastingFault(make_error, frozenset(methods), after)

    def stop_failing(self) -> None:
        self._lasting = None

    def run(self, method: str, arguments: Sequence[object], do: Callable[[], R], *, key: str | None = None) -> R:
        """Run the call, or replay the stored response of its idempotency key.

        An exception from `do` is not stored, so the key can be used again. Raises `ProviderRefused` with the code
        `idempotency_error` if the key was used for another call.
        """
        with self.lock:
            call = Call(method, tuple(arguments))
            self.log.append(call)
            fault = self._fault_of(method)
            if fault is not None and not fault.after:
                raise fault.error
            result = do() if key is None else self._once(call, key, do)
            if fault is None:
                return result
            if key is not None and fault.replayed:
                self._answers[key] = attrs.evolve(self._answers[key], error=fault.error)
            raise fault.error

    def _fault_of(self, method: str) -> _Fault | None:
        waiting = self._faults.get(method)
        if waiting:
            return waiting.popleft()
        return None if self._lasting is None else self._lasting.fault_of(method)

    def _once(self, call: Call, key: str, do: Callable[[], R]) -> R:
        now = self._clock.now()
        answered = self._answers.get(key)
        if answered is None or answered.until <= now:
            outcome = do()
            self._answers[key] = _Answer(call, outcome, None, now + KEY_LIFETIME)
            return outcome
        if answered.call != call:
            raise ProviderRefused("idempotency_error")
        if answered.error is not None:
            raise answered.error
        return cast("R", answered.outcome)
