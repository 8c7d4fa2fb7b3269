"""Store for host applications with an event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar, Literal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from accounts_core.errors import ConfigurationError
from accounts_core.ports.store import Store, Subscriber
from accounts_core.services.publish import publish

from .connections.async_reading import async_fetcher_on
from .connections.executors import AsyncExecutor
from .connections.forking import protect
from .connections.transactions import async_savepoint, async_transaction
from .rate_limiter import NOT_IN_A_TRANSACTION, AsyncSqlRateLimiter
from .tables.location import PREFIX, Location
from .units import AsyncSqlUnit, Reader, Reading


class AsyncSqlStore:
    """Store on SQLite or PostgreSQL with an asynchronous driver, for one event loop.

    The arguments are those of `SqlStore`, with `AsyncEngine` and `AsyncConnection`.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        source: AsyncEngine | AsyncConnection,
        subscribers: Sequence[Subscriber[AsyncSqlUnit]] = (),
        *,
        schema: str | None = None,
        prefix: str = PREFIX,
        fast: bool = True,
    ) -> None:
        protect(source)
        self._source = source
        self._subscribers = tuple(subscribers)
        self._location = Location(schema, prefix)
        self._reading = Reading(Reader(async_fetcher_on(source, self._location, fast=fast)))

    @property
    def commits(self) -> bool:
        """Whether units of work commit. False on a connection of the host application."""
        return isinstance(self._source, AsyncEngine)

    def rate_limiter(self) -> AsyncSqlRateLimiter:
        """Return a rate limiter on the engine. Raises `ConfigurationError` on a connection of the host application."""
        if not isinstance(self._source, AsyncEngine):
            raise ConfigurationError(NOT_IN_A_TRANSACTION)
        return AsyncSqlRateLimiter(self._source, schema=self._location.schema, prefix=self._location.prefix)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSqlUnit]:
        """Open a unit of work. See `accounts_core.ports.store.Store.begin`."""
        async with self._opened() as connection:
            unit = AsyncSqlUnit(connection, AsyncExecutor(connection, self._location))
            yield unit
            await publish(unit, unit.events, self._subscribers)
            unit.check()

    def _opened(self) -> AbstractAsyncContextManager[AsyncConnection]:
        source = self._source
        return async_transaction(source) if isinstance(source, AsyncEngine) else async_savepoint(source)

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader. On an engine, each read is one statement without a BEGIN."""
        return self._reading


_conforms: type[Store[AsyncSqlUnit]] = AsyncSqlStore
