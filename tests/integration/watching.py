"""Writing down what is asked of ports, by name and in order, so that a test can compare the work of two calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from accounts_core.ports.store import Reader, Store, UnitOfWork

Calls = list[str]


class Watched:
    """Passes everything on to `thing`, and notes each call of it, or of what is part of it, in `calls`."""

    def __init__(self, thing: object, calls: Calls, name: str) -> None:
        self._thing, self._calls, self._name = thing, calls, name

    def __getattr__(self, name: str) -> Any:
        found, path = getattr(self._thing, name), f"{self._name}.{name}"
        if not callable(found):
            return found if name == "suspends" else Watched(found, self._calls, path)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls.append(path)
            return found(*args, **kwargs)

        return call


class WatchedStore:
    """A store whose units and views are watched."""

    def __init__(self, store: Store[UnitOfWork], calls: Calls) -> None:
        self._store, self._calls = store, calls
        self.commits = store.commits

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        self._calls.append("begin")
        async with self._store.begin() as work:
            yield Watched(work, self._calls, "work")
        self._calls.append("commit")

    def rate_limiter(self) -> Any:
        return self._store.rate_limiter()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        async with self._store.reader() as reader:
            watched: Any = Watched(reader, self._calls, "reader")
            yield watched

    def joined(self, transaction: object) -> Store[UnitOfWork]:
        return self._store.joined(transaction)
