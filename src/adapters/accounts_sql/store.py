"""`SqlStore`: the store for hosts without an event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import ClassVar, Literal

import sqlalchemy as sa

from accounts_core.ports.blocking import BlockingStore
from accounts_core.ports.store import Subscriber
from accounts_core.services.publish import publish

from .connections.executors import SyncExecutor
from .connections.forking import protect
from .connections.reading import fetcher_on
from .connections.transactions import savepoint, transaction
from .units import Reader, Reading, SqlUnit


class SqlStore:
    """A store on SQLite or PostgreSQL through a synchronous driver. Its methods never suspend.

    On an `Engine` every unit is a transaction of its own; the engine may be shared between threads. On a `Connection`
    the store rides in the host's transaction: a unit is a savepoint, `commits` is False, and the host commits or
    rolls back what it and the accounts did together.

    `subscribers` hear of every event inside its transaction. `schema` is where the tables are, if not where the
    connection looks first. `fast=False` runs lone reads through SQLAlchemy's own execution too, for hosts whose
    listeners have to see them; it costs a BEGIN and a ROLLBACK each.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(
        self,
        source: sa.Engine | sa.Connection,
        subscribers: Sequence[Subscriber[SqlUnit]] = (),
        *,
        schema: str | None = None,
        fast: bool = True,
    ) -> None:
        protect(source)
        self._source = source
        self._subscribers = tuple(subscribers)
        self._schema = schema
        self._reading = Reading(Reader(fetcher_on(source, schema, fast=fast)))

    @property
    def commits(self) -> bool:
        """False on a host's connection."""
        return isinstance(self._source, sa.Engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlUnit]:
        """Open a unit of work. See `accounts_core.ports.store.Store.begin`."""
        with self._opened() as connection:
            unit = SqlUnit(connection, SyncExecutor(connection, self._schema))
            yield unit
            await publish(unit, unit.events, self._subscribers)
            unit.check()

    def _opened(self) -> AbstractContextManager[sa.Connection]:
        source = self._source
        return transaction(source) if isinstance(source, sa.Engine) else savepoint(source)

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader: each read is one statement, without a BEGIN on a connection of our own."""
        return self._reading


_conforms: type[BlockingStore[SqlUnit]] = SqlStore
