"""Proxies around a store and a gateway that count the points a run crosses, and strike at one of them.

A point is one await on a port: a method of the gateway, of a repository or of the views, entering `begin` or `read`,
and the commit. They are not listed anywhere: a clean run finds them.
"""

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, ClassVar, Literal, cast

import attrs

from accounts_core.errors import Conflict, ProviderAmbiguous, ProviderBusy, Unavailable
from accounts_core.ports.blocking import BlockingPaymentGateway, BlockingStore
from accounts_core.ports.store import UnitOfWork, Views


class Crash(BaseException):
    """The process is gone. Whatever it still tries to do at a port is not done."""


class Cancelled(BaseException):
    """The task was cancelled, as an event loop does it: what cleans up in passing still runs."""


@attrs.frozen
class Point:
    """One await on a port; `keyed` says that the call carries an idempotency key."""

    name: str
    keyed: bool = False

    @property
    def is_of_gateway(self) -> bool:
        return self.name.startswith("gateway.")

    @property
    def is_commit(self) -> bool:
        return self.name == "commit"


class Blow(Enum):
    """What happens at a point: what is raised, and whether the effect is there by then."""

    CRASH_BEFORE = "the process dies before it"
    CRASH_AFTER = "the process dies after it"
    CANCEL_BEFORE = "the task is cancelled before it"
    CANCEL_AFTER = "the task is cancelled after it"
    REQUEST_LOST = "the request is lost"
    ANSWER_LOST = "the answer is lost"
    BUSY = "the provider is busy"
    FAILURE_KEPT_BEFORE = "the provider keeps a failure for the key, and has done nothing"
    FAILURE_KEPT_AFTER = "the provider keeps a failure for the key, and has done it"
    AWAY = "the database is away"
    COMMIT_UNKNOWN = "the database commits and does not say so"
    CONFLICT = "somebody else was first"

    @property
    def is_after(self) -> bool:
        return self in _AFTER

    def error(self) -> BaseException:
        match self:
            case Blow.CRASH_BEFORE | Blow.CRASH_AFTER:
                return Crash()
            case Blow.CANCEL_BEFORE | Blow.CANCEL_AFTER:
                return Cancelled()
            case Blow.REQUEST_LOST | Blow.ANSWER_LOST:
                return ProviderAmbiguous()
            case Blow.FAILURE_KEPT_BEFORE | Blow.FAILURE_KEPT_AFTER:
                return ProviderAmbiguous(replays=True)
            case Blow.BUSY:
                return ProviderBusy("Busy.")
            case Blow.AWAY | Blow.COMMIT_UNKNOWN:
                return Unavailable("The database is away.")
            case Blow.CONFLICT:
                return Conflict("Somebody else was first.")


_AFTER = {Blow.CRASH_AFTER, Blow.CANCEL_AFTER, Blow.ANSWER_LOST, Blow.FAILURE_KEPT_AFTER, Blow.COMMIT_UNKNOWN}
_EVERYWHERE = (Blow.CRASH_BEFORE, Blow.CRASH_AFTER, Blow.CANCEL_BEFORE, Blow.CANCEL_AFTER)


def blows_at(point: Point) -> tuple[Blow, ...]:
    """Return everything that can go wrong at this point."""
    if point.is_of_gateway:
        kept = (Blow.FAILURE_KEPT_BEFORE, Blow.FAILURE_KEPT_AFTER) if point.keyed else ()
        return (*_EVERYWHERE, Blow.REQUEST_LOST, Blow.ANSWER_LOST, Blow.BUSY, *kept)
    if point.is_commit:
        return (*_EVERYWHERE, Blow.AWAY, Blow.COMMIT_UNKNOWN, Blow.CONFLICT)
    return (*_EVERYWHERE, Blow.AWAY)


class Fate:
    """What is to happen to one process: `blow` at the point with the number `at`, or nothing."""

    def __init__(self, at: int | None = None, blow: Blow = Blow.CRASH_BEFORE) -> None:
        self.crossed: list[Point] = []
        self._at = at
        self._blow = blow
        self._is_dead = False

    def before(self, point: Point) -> int:
        """Cross a point, and return its number for `after`."""
        if self._is_dead:
            raise Crash
        number = len(self.crossed)
        self.crossed.append(point)
        if self.strikes(number) and not self._blow.is_after:
            self._strike()
        return number

    def after(self, number: int) -> None:
        if self.strikes(number) and self._blow.is_after:
            self._strike()

    def strikes(self, number: int) -> bool:
        return number == self._at

    def keeps_failure(self) -> bool:
        """Whether the provider is to keep the failure of the call that was crossed last."""
        is_struck = self.strikes(len(self.crossed) - 1)
        return is_struck and self._blow in {Blow.FAILURE_KEPT_BEFORE, Blow.FAILURE_KEPT_AFTER}

    def _strike(self) -> None:
        self._is_dead = self._blow in {Blow.CRASH_BEFORE, Blow.CRASH_AFTER}
        raise self._blow.error()


class _Watched:
    """Any port or room of one: its coroutine methods are points, and everything else is as it is."""

    def __init__(self, inner: object, name: str, fate: Fate) -> None:
        self._inner = inner
        self._name = name
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if inspect.iscoroutinefunction(attribute):
            return self._watch(name, attribute)
        return attribute

    def _watch(self, name: str, call: Any) -> Any:
        async def watched(*arguments: Any, **named: Any) -> Any:
            number = self._fate.before(Point(f"{self._name}.{name}", keyed="key" in named))
            outcome = await call(*arguments, **named)
            self._fate.after(number)
            return outcome

        return watched


class _WatchedRooms(_Watched):
    """A unit of work, or the views: each room is watched."""

    def __getattr__(self, name: str) -> Any:
        room = getattr(self._inner, name)
        return room if callable(room) else _Watched(room, f"{self._name}.{name}", self._fate)


class WatchedStore:
    """A store that strikes at `begin`, at every method of a repository or of the views, and around the commit."""

    suspends: ClassVar[Literal[False]] = False
    commits: ClassVar[bool] = True

    def __init__(self, store: BlockingStore[UnitOfWork], fate: Fate) -> None:
        self._store = store
        self._fate = fate

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        number = self._fate.before(Point("begin"))
        async with self._store.begin() as work:
            self._fate.after(number)
            yield cast("UnitOfWork", _WatchedRooms(work, "work", self._fate))
            number = self._fate.before(Point("commit"))
        self._fate.after(number)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Views]:
        number = self._fate.before(Point("read"))
        async with self._store.read() as views:
            self._fate.after(number)
            yield cast("Views", _WatchedRooms(views, "views", self._fate))


class _WatchedGateway(_Watched):
    """A gateway that strikes at every method. `kept` are the keys for which the provider keeps a failure for ever."""

    def __init__(self, gateway: BlockingPaymentGateway, fate: Fate, kept: set[str]) -> None:
        super().__init__(gateway, "gateway", fate)
        self._kept = kept

    def _watch(self, name: str, call: Any) -> Any:
        watched = super()._watch(name, call)

        async def keyed(*arguments: Any, **named: Any) -> Any:
            key = named.get("key")
            if key in self._kept:
                raise ProviderAmbiguous(replays=True)
            try:
                return await watched(*arguments, **named)
            finally:
                if key is not None and self._fate.keeps_failure():
                    self._kept.add(key)

        return keyed


def watched_gateway(gateway: BlockingPaymentGateway, fate: Fate, kept: set[str]) -> BlockingPaymentGateway:
    return cast("BlockingPaymentGateway", _WatchedGateway(gateway, fate, kept))


_: type[BlockingStore[UnitOfWork]] = WatchedStore
