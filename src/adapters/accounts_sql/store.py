"""Store for host applications without an event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import ClassVar, Literal

import sqlalchemy as sa

from accounts_core.errors import ConfigurationError
from accounts_core.ports.blocking import BlockingStore
from accounts_core.ports.lifecycle import Closes, Migrates
from accounts_core.ports.store import Subscriber
from accounts_core.services.publish import publish

from .connections.closing import dispose
from .connections.executors import SyncExecutor
from .connections.host_transactions import HostSource, HostTransaction, joinable, source_of
from .connections.reading import fetcher_on
from .connections.renaming import rename_on
from .connections.transactions import savepoint, transaction
from .migrating import migrate
from .rate_limiter import NOT_IN_A_TRANSACTION, SqlRateLimiter
from .tables.location import PREFIX, Location
from .units import Reader, Reading, SqlUnit


class SqlStore:
    """Store on SQLite or PostgreSQL with a synchronous driver. Its methods never suspend.

    On an `Engine`, every unit of work is a transaction of its own, and threads may share the engine. On a `Connection`
    or an ORM `Session`, the store joins the host application's transaction: a unit of work is a savepoint, `commits` is
    False, and the host application commits or rolls back.

    Args:
        source: Engine; or an open connection, or a session, of the host application.
        subscribers: Called with every event, inside its transaction.
        schema: Schema of the tables, if it is not the connection's default.
        prefix: Beginning of the tables' names, if the host application has other tables named `accounts_...`.
        fast: False executes single reads through SQLAlchemy too, so that its listeners see them. That costs a BEGIN
            and a ROLLBACK for each read.

    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    def __init__(
        self,
        source: sa.Engine | HostSource,
        subscribers: Sequence[Subscriber[SqlUnit]] = (),
        *,
        schema: str | None = None,
        prefix: str = PREFIX,
        fast: bool = True,
    ) -> None:
        self._source = source_of(source)
        self._subscribers = tuple(subscribers)
        self._location = Location(schema, prefix)
        self._fast = fast
        self._reading = Reading(Reader(fetcher_on(self._source, self._location, fast=fast)))

    @property
    def commits(self) -> bool:
        """Whether units of work commit. False in a transaction of the host application."""
        return isinstance(self._source, sa.Engine)

    @property
    def host_transaction(self) -> HostTransaction | None:
        """The host application's transaction that the store takes part in; None on an engine."""
        return self._source if isinstance(self._source, HostTransaction) else None

    def rate_limiter(self) -> SqlRateLimiter:
        """Return a rate limiter on the engine. Raises `ConfigurationError` on a connection of the host application."""
        if not isinstance(self._source, sa.Engine):
            raise ConfigurationError(NOT_IN_A_TRANSACTION)
        return SqlRateLimiter(self._source, schema=self._location.schema, prefix=self._location.prefix)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlUnit]:
        """Open a unit of work. See `accounts_core.ports.store.Store.begin`."""
        with self._opened() as connection:
            rename_on(connection, self._location)
            unit = SqlUnit(connection, SyncExecutor(connection, self._location, may_begin_again=self.commits))
            yield unit
            await publish(unit, unit.events, self._subscribers)
            unit.check()

    def _opened(self) -> AbstractContextManager[sa.Connection]:
        source = self._source
        return transaction(source) if isinstance(source, sa.Engine) else savepoint(source.connection())

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader. On an engine, each read is one statement without a BEGIN."""
        return self._reading

    def joined(self, transaction: object) -> "SqlStore":
        """Return a store in the transaction of a `Connection` or `Session`. See `Store.joined`."""
        at = self._location
        source = joinable(transaction)
        return SqlStore(source, self._subscribers, schema=at.schema, prefix=at.prefix, fast=self._fast)

    async def migrate(self) -> None:
        """Upgrade the database, as `accounts_sql.migrate` does; in the host application's transaction, within it."""
        source, at = self._source, self._location
        target = source if isinstance(source, sa.Engine) else source.begun()
        migrate(target, schema=at.schema, prefix=at.prefix)

    def close(self) -> None:
        """Close the connections of the engine, unless they hold a database in memory. See `Closes`."""
        if isinstance(self._source, sa.Engine):
            dispose(self._source)


_conforms: type[BlockingStore[SqlUnit]] = SqlStore
_migrates: type[Migrates] = SqlStore
_closes: type[Closes] = SqlStore
