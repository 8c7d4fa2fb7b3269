"""Rate limits in the database, shared by all processes, and counted outside any unit of work.

An attempt is one row for each of its scopes. Counting and adding rows is atomic: SQLite has one writer at a time, and
on PostgreSQL the transaction holds an advisory lock for each scope.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final, Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import Unavailable
from accounts_core.forking import on_fork
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.rate_limits import ALL
from accounts_core.ports.lifecycle import Closes
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter

from .connections.closing import dispose, dispose_async
from .connections.executors import AsyncExecutor, SyncExecutor
from .connections.forking import protect
from .connections.host_transactions import AsyncHostTransaction, HostTransaction
from .connections.renaming import rename_on
from .connections.second_pool import with_own_pool
from .connections.transactions import async_transaction, transaction
from .connections.translation import StaleStatement
from .repositories.attempts import Attempts
from .repositories.joined_limits import AsyncJoinedSqlRateLimiter, JoinedSqlRateLimiter
from .tables.location import PREFIX, Location

MAX_CONCURRENT: Final = 4
"""Nearly all attempts share a global scope, which serialises them anyway."""
MAX_WAITING: Final = 128
NOT_IN_A_TRANSACTION: Final = (
    "This store takes part in the application's transaction, whose rollback would undo the counted attempts. Give the"
    " accounts a rate limiter with connections of its own, such as limits=SqlRateLimiter(engine), or limits=None for no"
    " rate limits."
)

_ISOLATION: Final[Mapping[str, IsolationLevel]] = {"postgresql": "READ COMMITTED"}
"""A stricter level would read from a snapshot taken before the lock, and miss attempts committed while waiting."""


class SqlRateLimiter:
    """Rate limiter on a synchronous engine.

    See `accounts_core.ports.rate_limiter.RateLimiter`. Raises `Unavailable` and `Conflict`.
    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    def __init__(self, engine: sa.Engine, *, schema: str | None = None, prefix: str = PREFIX) -> None:
        protect(engine)
        self._engine = engine
        self._location = Location(schema, prefix)
        rename_on(engine, self._location)
        self._attempts = Attempts()
        on_fork(self, in_child=SqlRateLimiter._begin)

    def _begin(self) -> None:
        """Reset what belongs to transactions of the parent process."""
        self._attempts = Attempts()

    def beside(self, store: object) -> "SqlRateLimiter | JoinedSqlRateLimiter":
        """Return the limiter to use with this store. See `CountsBeside`."""
        host = getattr(store, "host_transaction", None)
        if not isinstance(host, HostTransaction):
            return self
        return JoinedSqlRateLimiter(self._on_own_pool, host, self._engine, self._location, self._attempts)

    @cached_property
    def _on_own_pool(self) -> "SqlRateLimiter":
        """The limiter for callers that hold a connection of the engine's pool."""
        engine = with_own_pool(self._engine)
        if engine is self._engine:
            return self
        limiter = SqlRateLimiter(engine, schema=self._location.schema, prefix=self._location.prefix)
        limiter._attempts = self._attempts
        return limiter

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        try:
            await self._consume(name, scopes, now)
        except StaleStatement:
            await self._consume(name, scopes, now)

    async def _consume(self, name: str, scopes: Mapping[str, RateLimit], now: datetime) -> None:
        ended = self._attempts.take_ended(now)
        try:
            with transaction(self._engine, _ISOLATION.get(self._engine.dialect.name)) as connection:
                db = SyncExecutor(connection, self._location)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        with transaction(self._engine) as connection:
            await self._attempts.reset(SyncExecutor(connection, self._location), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        with transaction(self._engine) as connection:
            return await self._attempts.count_expired(SyncExecutor(connection, self._location), now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        with transaction(self._engine) as connection:
            return await self._attempts.delete_expired(SyncExecutor(connection, self._location), now, limit)

    def close(self) -> None:
        """Close the connections of the engine, unless they hold a database in memory. See `Closes`."""
        dispose(self._engine)


class AsyncSqlRateLimiter:
    """Rate limiter on an asynchronous engine. See `SqlRateLimiter`.

    On an event loop, at most `max_concurrent` attempts are counted at once and `max_waiting` wait; one more raises
    `Unavailable`. This leaves connections for reads during a flood of attempts.

    Waiting attempts are served round-robin by subject (`accounts_core.model.fair_queue`). Each scope but the global one
    is a subject, and at most `max_waiting_each` attempts wait for one, by default a quarter of `max_waiting`. A flood
    of one user's or one client's attempts delays only that user or client.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        schema: str | None = None,
        prefix: str = PREFIX,
        max_concurrent: int = MAX_CONCURRENT,
        max_waiting: int = MAX_WAITING,
        max_waiting_each: int | None = None,
    ) -> None:
        protect(engine)
        self._engine = engine
        self._location = Location(schema, prefix)
        rename_on(engine, self._location)
        self._lanes = max_concurrent
        self._max_waiting = max_waiting
        self._max_waiting_each = max(1, max_waiting // 4) if max_waiting_each is None else max_waiting_each
        self._begin()
        on_fork(self, in_child=AsyncSqlRateLimiter._begin)

    def _begin(self) -> None:
        """Reset the state. After a fork, waiting attempts and transactions belong to the parent process."""
        self._attempts = Attempts()
        self._queues = WeakKeyDictionary[asyncio.AbstractEventLoop, FairQueue[asyncio.Future[None]]]()

    def beside(self, store: object) -> "AsyncSqlRateLimiter | AsyncJoinedSqlRateLimiter":
        """Return the limiter to use with this store. See `CountsBeside`."""
        host = getattr(store, "host_transaction", None)
        if not isinstance(host, AsyncHostTransaction):
            return self
        return AsyncJoinedSqlRateLimiter(self._on_own_pool, host, self._engine, self._location, self._attempts)

    @cached_property
    def _on_own_pool(self) -> "AsyncSqlRateLimiter":
        """The limiter for callers that hold a connection of the engine's pool."""
        engine = with_own_pool(self._engine.sync_engine)
        if engine is self._engine.sync_engine:
            return self
        limiter = AsyncSqlRateLimiter(
            AsyncEngine(engine),
            schema=self._location.schema,
            prefix=self._location.prefix,
            max_concurrent=self._lanes,
            max_waiting=self._max_waiting,
            max_waiting_each=self._max_waiting_each,
        )
        limiter._attempts = self._attempts
        return limiter

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        try:
            await self._consume(name, scopes, now)
        except StaleStatement:
            await self._consume(name, scopes, now)

    async def _consume(self, name: str, scopes: Mapping[str, RateLimit], now: datetime) -> None:
        ended = self._attempts.take_ended(now)
        try:
            async with (
                self._turn(scopes),
                async_transaction(self._engine, _ISOLATION.get(self._engine.dialect.name)) as connection,
            ):
                db = AsyncExecutor(connection, self._location)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        async with async_transaction(self._engine) as connection:
            await self._attempts.reset(AsyncExecutor(connection, self._location), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        async with async_transaction(self._engine) as connection:
            return await self._attempts.count_expired(AsyncExecutor(connection, self._location), now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        async with async_transaction(self._engine) as connection:
            return await self._attempts.delete_expired(AsyncExecutor(connection, self._location), now, limit)

    async def close(self) -> None:
        """Close the connections of the engine. See `SqlRateLimiter.close`."""
        await dispose_async(self._engine)

    @asynccontextmanager
    async def _turn(self, scopes: Mapping[str, RateLimit]) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        turn, turns = loop.create_future(), self._queue_on(loop)
        if not turns.enter(turn, [scope for scope in scopes if not scope.startswith(f"{ALL}:")]):
            raise Unavailable("Too many attempts are being counted at the moment.")
        _let_begin(turns)
        try:
            await turn
            yield
        finally:
            turns.leave(turn)
            _let_begin(turns)

    def _queue_on(self, loop: asyncio.AbstractEventLoop) -> FairQueue[asyncio.Future[None]]:
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = FairQueue[asyncio.Future[None]](
                lanes=self._lanes, max_waiting=self._max_waiting, max_waiting_each=self._max_waiting_each
            )
        return queue


def _let_begin(turns: FairQueue[asyncio.Future[None]]) -> None:
    while (turn := turns.begin()) is not None:
        if not turn.done():  # a cancelled task leaves the queue in its own `finally`
            turn.set_result(None)


_limits: type[RateLimiter] = SqlRateLimiter
_async_limits: type[RateLimiter] = AsyncSqlRateLimiter
_closes: type[Closes] = SqlRateLimiter
_async_closes: type[Closes] = AsyncSqlRateLimiter
