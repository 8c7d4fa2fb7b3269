"""Store for host applications with an event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar, Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import ConfigurationError
from accounts_core.ports.lifecycle import Closes, Migrates
from accounts_core.ports.store import Store, Subscriber
from accounts_core.services.publish import publish

from .connections.async_reading import async_fetcher_on
from .connections.closing import dispose_async
from .connections.executors import AsyncExecutor
from .connections.host_transactions import AsyncHostSource, AsyncHostTransaction, async_joinable, async_source_of
from .connections.renaming import rename_on
from .connections.transactions import async_savepoint, async_transaction
from .migrating import migrate_async
from .rate_limiter import NOT_IN_A_TRANSACTION, AsyncSqlRateLimiter
from .tables.location import PREFIX, Location
from .units import AsyncSqlUnit, Reader, Reading


class AsyncSqlStore:
    """Store on SQLite or PostgreSQL with an asynchronous driver, for one event loop at a time.

    The arguments are those of `SqlStore`, with `AsyncEngine`, `AsyncConnection` and `AsyncSession`.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        source: AsyncEngine | AsyncHostSource,
        subscribers: Sequence[Subscriber[AsyncSqlUnit]] = (),
        *,
        schema: str | None = None,
        prefix: str = PREFIX,
        fast: bool = True,
    ) -> None:
        self._source = async_source_of(source)
        self._subscribers = tuple(subscribers)
        self._location = Location(schema, prefix)
        self._fast = fast
        self._reading = Reading(Reader(async_fetcher_on(self._source, self._location, fast=fast)))

    @property
    def commits(self) -> bool:
        """Whether units of work commit. False in a transaction of the host application."""
        return isinstance(self._source, AsyncEngine)

    @property
    def host_transaction(self) -> AsyncHostTransaction | None:
        """The host application's transaction that the store takes part in; None on an engine."""
        return self._source if isinstance(self._source, AsyncHostTransaction) else None

    def rate_limiter(self) -> AsyncSqlRateLimiter:
        """Return a rate limiter on the engine. Raises `ConfigurationError` on a connection of the host application."""
        if not isinstance(self._source, AsyncEngine):
            raise ConfigurationError(NOT_IN_A_TRANSACTION)
        return AsyncSqlRateLimiter(self._source, schema=self._location.schema, prefix=self._location.prefix)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSqlUnit]:
        """Open a unit of work. See `accounts_core.ports.store.Store.begin`."""
        source = self._source
        opened = (
            async_transaction(source) if isinstance(source, AsyncEngine) else async_savepoint(await source.connection())
        )
        async with opened as connection:
            rename_on(connection, self._location)
            unit = AsyncSqlUnit(connection, AsyncExecutor(connection, self._location, may_begin_again=self.commits))
            yield unit
            await publish(unit, unit.events, self._subscribers)
            unit.check()

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader. On an engine, each read is one statement without a BEGIN."""
        return self._reading

    def joined(self, transaction: object) -> "AsyncSqlStore":
        """Return a store in the transaction of an `AsyncConnection` or `AsyncSession`. See `Store.joined`."""
        at = self._location
        source = async_joinable(transaction)
        return AsyncSqlStore(source, self._subscribers, schema=at.schema, prefix=at.prefix, fast=self._fast)

    async def migrate(self) -> None:
        """Upgrade the database. See `SqlStore.migrate`."""
        source, at = self._source, self._location
        target = source if isinstance(source, AsyncEngine) else await source.begun()
        await migrate_async(target, schema=at.schema, prefix=at.prefix)

    async def close(self) -> None:
        """Close the connections of the engine. See `SqlStore.close`."""
        if isinstance(self._source, AsyncEngine):
            await dispose_async(self._source)


_conforms: type[Store[AsyncSqlUnit]] = AsyncSqlStore
_migrates: type[Migrates] = AsyncSqlStore
_closes: type[Closes] = AsyncSqlStore
