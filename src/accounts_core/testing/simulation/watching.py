"""Wrappers of the ports that a simulated process uses: each await on a port is a point.

Every `async def` method of a port or of one of its repositories is wrapped; everything else is passed through. The
adapters themselves must not suspend.
"""

import inspect
from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from types import TracebackType
from typing import Any, ClassVar, Literal, TypeVar, cast

from accounts_core.errors import ConfigurationError, ProviderAmbiguous
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Reader, Store, UnitOfWork
from accounts_core.sync import run_sync

from .faults import Point, Port
from .processes import Process

P = TypeVar("P")

_ASYNC: dict[tuple[type, str], bool] = {}


def watched(process: Process, port: P, kind: Port, name: str = "") -> P:
    """Return a port for use by a process. Its points are named after `name`; `kind` determines their faults."""
    return cast("P", _Watched(process, port, kind, name or str(kind)))


def watched_store(process: Process, store: Store[UnitOfWork]) -> Store[UnitOfWork]:
    """Return a store for use by a process, with points at `begin`, `reader`, each repository method and the commit."""
    return cast("Store[UnitOfWork]", _Store(process, store))


class _Watched:
    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[False]] = False

    def __init__(self, process: Process, inner: object, kind: Port, name: str, *, in_unit: bool = False) -> None:
        self._process = process
        self._inner = inner
        self._kind = kind
        self._name = name
        self._in_unit = in_unit

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if not _is_async(self._inner, name, attribute):
            return attribute
        call = self._watch(name, attribute)
        self.__dict__[name] = call
        return call

    def _watch(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        process = self._process
        plain, keyed = _points(self._kind, f"{self._name}.{name}", self._in_unit)

        async def through(*arguments: Any, **named: Any) -> Any:
            key = named.get("key")

            async def effect() -> Any:
                if key in process.scheduler.kept_failures:
                    raise ProviderAmbiguous(replays=True)
                return await call(*arguments, **named)

            return await process.through(plain if key is None else keyed, effect, key=key)

        return through


class _Rooms(_Watched):
    """A unit of work or a reader, each of whose repositories is wrapped."""

    def __getattr__(self, name: str) -> Any:
        room = getattr(self._inner, name)
        if not callable(room):
            room = _Watched(self._process, room, self._kind, f"{self._name}.{name}", in_unit=self._in_unit)
        self.__dict__[name] = room
        return room


class _Store:
    suspends: ClassVar[Literal[False]] = False

    def __init__(self, process: Process, store: Store[UnitOfWork]) -> None:
        self._process = process
        self._store = store

    @property
    def commits(self) -> bool:
        return self._store.commits

    def begin(self) -> "_Unit":
        return _Unit(self._process, self._store)

    def rate_limiter(self) -> RateLimiter:
        return watched(self._process, self._store.rate_limiter(), Port.LIMITS)

    def reader(self) -> "_Reading":
        return _Reading(self._process, self._store)


_BEGIN = Point(Port.STORE, "begin")
_READ = Point(Port.STORE, "reader")
_READ_WITHIN = Point(Port.STORE, "reader", in_unit=True)
_COMMIT = Point(Port.STORE, "commit", in_unit=True)


class _Unit:
    def __init__(self, process: Process, store: Store[UnitOfWork]) -> None:
        self._process = process
        self._unit = store.begin()
        # a delayed commit ends the unit in another task than it began in
        self._context = copy_context()
        self._is_entered = False

    async def __aenter__(self) -> UnitOfWork:
        self._task = self._process.scheduler.current
        if self._task.units:
            raise ConfigurationError("A unit of work is open here already, and units do not nest.")

        async def enter() -> UnitOfWork:
            work = self._context.run(run_sync, self._unit.__aenter__())
            self._is_entered = True
            return work

        try:
            work = await self._process.through(_BEGIN, enter)
        except BaseException as error:
            if self._is_entered:
                self._roll_back(error)
            raise
        self._task.units += 1
        return cast("UnitOfWork", _Rooms(self._process, work, Port.STORE, "work", in_unit=True))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._task.units -= 1
            self._roll_back(error)
            return
        self._task.commits += 1
        try:
            await self._process.through(_COMMIT, self._commit, undo=self._roll_back)
        finally:
            self._task.units -= 1

    async def _commit(self) -> None:
        self._context.run(run_sync, self._unit.__aexit__(None, None, None))

    def _roll_back(self, error: BaseException) -> None:
        try:
            self._context.run(run_sync, self._unit.__aexit__(type(error), error, error.__traceback__))
        except BaseException as raised:
            if raised is not error:
                raise


class _Reading:
    def __init__(self, process: Process, store: Store[UnitOfWork]) -> None:
        self._process = process
        self._reading = store.reader()

    async def __aenter__(self) -> Reader:
        is_within = self._process.scheduler.current.units > 0

        async def enter() -> Reader:
            return await self._reading.__aenter__()

        reader = await self._process.through(_READ_WITHIN if is_within else _READ, enter)
        return cast("Reader", _Rooms(self._process, reader, Port.STORE, "reader", in_unit=is_within))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reading.__aexit__(kind, error, trace)


@cache
def _points(kind: Port, name: str, in_unit: bool) -> tuple[Point, Point]:
    """Return the points of a call without and with an idempotency key."""
    return Point(kind, name, in_unit=in_unit), Point(kind, name, has_key=True, in_unit=in_unit)


def _is_async(inner: object, name: str, attribute: object) -> bool:
    key = type(inner), name
    is_async = _ASYNC.get(key)
    if is_async is None:
        is_async = _ASYNC[key] = inspect.iscoroutinefunction(attribute)
    return is_async
