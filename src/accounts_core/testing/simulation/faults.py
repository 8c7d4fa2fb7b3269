"""Faults that can occur at an await on a port."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import attrs

from accounts_core.errors import Conflict, ProviderAmbiguous, ProviderBusy, Unavailable


class Crash(BaseException):
    """The process has crashed. Its later calls of a port have no effect."""


class Cancelled(BaseException):
    """The task was cancelled, as by an event loop; its cleanup code still runs."""


class Port(StrEnum):
    """Kind of port that is awaited; it determines the possible faults and their errors."""

    STORE = "store"
    GATEWAY = "gateway"
    """An external provider, whose requests can be lost, delayed or repeated."""
    MAILER = "mailer"
    HASHER = "hasher"
    LIMITS = "limits"


@attrs.frozen
class Point:
    """One await on a port; `has_key` if the call has an idempotency key, `in_unit` if a unit of work is open."""

    port: Port
    name: str
    has_key: bool = False
    in_unit: bool = False

    @property
    def is_commit(self) -> bool:
        return self.port is Port.STORE and self.name == "commit"

    @property
    def lasts(self) -> bool:
        """Whether the effect of the call survives a crash of the process."""
        return self.is_commit or self.port not in {Port.STORE, Port.HASHER}


class Fault(StrEnum):
    """A fault. `said` describes it; `faults_at` returns those of a point."""

    CRASH_BEFORE = "crash-before"
    CRASH_AFTER = "crash-after"
    CANCEL_BEFORE = "cancel-before"
    CANCEL_AFTER = "cancel-after"
    FAIL = "fail"
    ANSWER_LOST = "answer-lost"
    LATE = "late"
    REPEATED = "repeated"
    BUSY = "busy"
    FAILURE_KEPT_BEFORE = "failure-kept-before"
    FAILURE_KEPT_AFTER = "failure-kept-after"
    CONFLICT = "conflict"

    @property
    def said(self) -> str:
        return _SAID[self]

    @property
    def kills(self) -> bool:
        return self in {Fault.CRASH_BEFORE, Fault.CRASH_AFTER}

    @property
    def is_done(self) -> bool:
        """Whether the effect has happened when the caller continues."""
        return self in _DONE

    @property
    def is_kept(self) -> bool:
        return self in {Fault.FAILURE_KEPT_BEFORE, Fault.FAILURE_KEPT_AFTER}

    def error(self, port: Port) -> BaseException:
        """Return the error that an adapter of the port would raise."""
        match self:
            case Fault.CRASH_BEFORE | Fault.CRASH_AFTER:
                return Crash()
            case Fault.CANCEL_BEFORE | Fault.CANCEL_AFTER:
                return Cancelled()
            case Fault.BUSY:
                return ProviderBusy("Busy.")
            case Fault.CONFLICT:
                return Conflict("Somebody else was first.")
            case _ if port is Port.GATEWAY:
                return ProviderAmbiguous(replays=self.is_kept)
            case _:
                return Unavailable(f"The {port} is away.")


_SAID: Final = {
    Fault.CRASH_BEFORE: "the process dies before it",
    Fault.CRASH_AFTER: "the process dies after it",
    Fault.CANCEL_BEFORE: "the task is cancelled before it",
    Fault.CANCEL_AFTER: "the task is cancelled after it",
    Fault.FAIL: "it fails, and nothing is done",
    Fault.ANSWER_LOST: "it is done, and does not say so",
    Fault.LATE: "it fails, and is done later",
    Fault.REPEATED: "it is done twice",
    Fault.BUSY: "the provider is busy",
    Fault.FAILURE_KEPT_BEFORE: "the provider keeps a failure for the key, and has done nothing",
    Fault.FAILURE_KEPT_AFTER: "the provider keeps a failure for the key, and has done it",
    Fault.CONFLICT: "somebody else was first",
}
_DONE: Final = {
    Fault.CRASH_AFTER,
    Fault.CANCEL_AFTER,
    Fault.ANSWER_LOST,
    Fault.REPEATED,
    Fault.FAILURE_KEPT_AFTER,
}
_EVERYWHERE: Final = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.CANCEL_BEFORE,
    Fault.CANCEL_AFTER,
    Fault.FAIL,
)


def faults_at(point: Point) -> tuple[Fault, ...]:
    """Return the faults that can occur at this point."""
    return tuple(_faults_at(point))


def _faults_at(point: Point) -> Iterator[Fault]:
    yield from _EVERYWHERE
    if point.port is Port.STORE:
        if point.is_commit:
            yield from (Fault.ANSWER_LOST, Fault.LATE)
        if point.in_unit or point.name == "begin":
            yield Fault.CONFLICT
    elif point.port is Port.LIMITS:
        yield Fault.ANSWER_LOST
    elif point.port is not Port.HASHER:
        yield from (Fault.ANSWER_LOST, Fault.LATE, Fault.REPEATED)
    if point.port is Port.GATEWAY:
        yield Fault.BUSY
        if point.has_key:
            yield from (Fault.FAILURE_KEPT_BEFORE, Fault.FAILURE_KEPT_AFTER)
