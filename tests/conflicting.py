"""A store in which somebody else is first, as often as a test says."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Literal, NoReturn

from accounts_core.errors import Conflict
from accounts_core.ports.store import Reader, Store


class ConflictingStore:
    """Passes everything on to `store`. While `may_conflict` says so, the next `conflicts` units end in `Conflict`."""

    suspends: ClassVar[Literal[False]] = False
    commits = True

    def __init__(self, store: Store[Any], may_conflict: Callable[[], bool] = lambda: True) -> None:
        self.conflicts = 0
        self._store = store
        self._may_conflict = may_conflict

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self._store.begin() as work:
            yield work
            if self.conflicts and self._may_conflict():
                self.conflicts -= 1
                raise Conflict("Somebody else was first.")

    def rate_limiter(self) -> Any:
        return self._store.rate_limiter()

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        return self._store.reader()

    def joined(self, transaction: object) -> NoReturn:
        raise NotImplementedError
