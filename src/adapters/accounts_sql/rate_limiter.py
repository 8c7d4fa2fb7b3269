"""Rate limits in the database, shared by all processes, and counted outside any unit of work.

An attempt is one row for each of its scopes. Counting and adding rows is atomic: SQLite has one writer at a time, and
on PostgreSQL the transaction holds an advisory lock for each scope.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import ClassVar, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import Unavailable
from accounts_core.forking import on_fork
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.rate_limits import ALL
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter

from .connections.executors import AsyncExecutor, SyncExecutor
from .connections.forking import protect
from .connections.host_transactions import AsyncHostTransaction, HostTransaction, would_wait
from .connections.transactions import async_savepoint, async_transaction, savepoint, transaction
from .connections.translation import StaleStatement
from .repositories.attempts import Attempts

MAX_CONCURRENT: Final = 4
"""Nearly all attempts share a global scope, which serialises them anyway."""
MAX_WAITING: Final = 128

_ISOLATION: Final[Mapping[str, IsolationLevel]] = {"postgresql": "READ COMMITTED"}
"""A stricter level would read from a snapshot taken before the lock, and miss attempts committed while waiting."""


class SqlRateLimiter:
    """Rate limiter on a synchronous engine.

    See `accounts_core.ports.rate_limiter.RateLimiter`. Raises `Unavailable` and `Conflict`.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, engine: sa.Engine, *, schema: str | None = None) -> None:
        protect(engine)
        self._engine = engine
        self._schema = schema
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
        return JoinedSqlRateLimiter(self, host, self._engine, self._schema, self._attempts)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        try:
            await self._consume(name, scopes, now)
        except StaleStatement:
            await self._consume(name, scopes, now)

    async def _consume(self, name: str, scopes: Mapping[str, RateLimit], now: datetime) -> None:
        ended = self._attempts.take_ended(now)
        try:
            with transaction(self._engine, _ISOLATION.get(self._engine.dialect.name)) as connection:
                db = SyncExecutor(connection, self._schema)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        with transaction(self._engine) as connection:
            await self._attempts.reset(SyncExecutor(connection, self._schema), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        with transaction(self._engine) as connection:
            return await self._attempts.count_expired(SyncExecutor(connection, self._schema), now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        with transaction(self._engine) as connection:
            return await self._attempts.delete_expired(SyncExecutor(connection, self._schema), now, limit)


class JoinedSqlRateLimiter:
    """Rate limiter beside a store that takes part in a transaction of the application.

    It counts outside of that transaction, as `SqlRateLimiter` does, unless that would wait for the transaction itself:
    on SQLite the application holds the only write lock once it has written. Then it counts in that transaction. If the
    application rolls it back, the next attempt in this process counts the lost ones again.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(
        self,
        outside: SqlRateLimiter,
        host: HostTransaction,
        engine: sa.Engine,
        schema: str | None,
        attempts: Attempts,
    ) -> None:
        self._outside = outside
        self._host = host
        self._engine = engine
        self._schema = schema
        self._attempts = attempts

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        host = self._host.connection()
        if not would_wait(self._engine, host):
            await self._outside.consume(name, scopes, now=now)
            return
        ended = self._attempts.take_ended(now)
        try:
            with savepoint(host) as connection:
                db = SyncExecutor(connection, self._schema)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        transaction = host.get_transaction()
        assert transaction is not None
        self._attempts.remember(transaction, ended, None if refused else (name, scopes, now))
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        host = self._host.connection()
        if not would_wait(self._engine, host):
            await self._outside.reset(name, scope)
            return
        with savepoint(host) as connection:
            await self._attempts.reset(SyncExecutor(connection, self._schema), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._outside.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._outside.delete_expired(now=now, limit=limit)


class AsyncSqlRateLimiter:
    """Rate limiter on an asynchronous engine, for one event loop. See `SqlRateLimiter`.

    At most `max_concurrent` attempts are counted at once and `max_waiting` wait; one more raises `Unavailable`. This
    leaves connections for reads during a flood of attempts.

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
        max_concurrent: int = MAX_CONCURRENT,
        max_waiting: int = MAX_WAITING,
        max_waiting_each: int | None = None,
    ) -> None:
        protect(engine)
        self._engine = engine
        self._schema = schema
        self._lanes = max_concurrent
        self._max_waiting = max_waiting
        self._max_waiting_each = max(1, max_waiting // 4) if max_waiting_each is None else max_waiting_each
        self._begin()
        on_fork(self, in_child=AsyncSqlRateLimiter._begin)

    def _begin(self) -> None:
        """Reset the state. After a fork, waiting attempts and transactions belong to the parent process."""
        self._attempts = Attempts()
        self._turns = FairQueue[asyncio.Future[None]](
            lanes=self._lanes, max_waiting=self._max_waiting, max_waiting_each=self._max_waiting_each
        )

    def beside(self, store: object) -> "AsyncSqlRateLimiter | AsyncJoinedSqlRateLimiter":
        """Return the limiter to use with this store. See `CountsBeside`."""
        host = getattr(store, "host_transaction", None)
        if not isinstance(host, AsyncHostTransaction):
            return self
        return AsyncJoinedSqlRateLimiter(self, host, self._engine, self._schema, self._attempts)

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
                db = AsyncExecutor(connection, self._schema)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        async with async_transaction(self._engine) as connection:
            await self._attempts.reset(AsyncExecutor(connection, self._schema), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        async with async_transaction(self._engine) as connection:
            return await self._attempts.count_expired(AsyncExecutor(connection, self._schema), now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        async with async_transaction(self._engine) as connection:
            return await self._attempts.delete_expired(AsyncExecutor(connection, self._schema), now, limit)

    @asynccontextmanager
    async def _turn(self, scopes: Mapping[str, RateLimit]) -> AsyncIterator[None]:
        turn = asyncio.get_running_loop().create_future()
        if not self._turns.enter(turn, [scope for scope in scopes if not scope.startswith(f"{ALL}:")]):
            raise Unavailable("Too many attempts are being counted at the moment.")
        self._let_begin()
        try:
            await turn
            yield
        finally:
            self._turns.leave(turn)
            self._let_begin()

    def _let_begin(self) -> None:
        while (turn := self._turns.begin()) is not None:
            if not turn.done():  # a cancelled task leaves the queue in its own `finally`
                turn.set_result(None)


class AsyncJoinedSqlRateLimiter:
    """See `JoinedSqlRateLimiter`."""

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        outside: AsyncSqlRateLimiter,
        host: AsyncHostTransaction,
        engine: AsyncEngine,
        schema: str | None,
        attempts: Attempts,
    ) -> None:
        self._outside = outside
        self._host = host
        self._engine = engine
        self._schema = schema
        self._attempts = attempts

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        host = await self._host.connection()
        assert host.sync_connection is not None
        if not would_wait(self._engine.sync_engine, host.sync_connection):
            await self._outside.consume(name, scopes, now=now)
            return
        ended = self._attempts.take_ended(now)
        try:
            async with async_savepoint(host) as connection:
                db = AsyncExecutor(connection, self._schema)
                refused = await self._attempts.consume(db, name, scopes, now, ended=ended)
        except BaseException:
            self._attempts.put_back(ended)
            raise
        transaction = host.sync_connection.get_transaction()
        assert transaction is not None
        self._attempts.remember(transaction, ended, None if refused else (name, scopes, now))
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        host = await self._host.connection()
        assert host.sync_connection is not None
        if not would_wait(self._engine.sync_engine, host.sync_connection):
            await self._outside.reset(name, scope)
            return
        async with async_savepoint(host) as connection:
            await self._attempts.reset(AsyncExecutor(connection, self._schema), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._outside.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._outside.delete_expired(now=now, limit=limit)


_limits: type[RateLimiter] = SqlRateLimiter
_async_limits: type[RateLimiter] = AsyncSqlRateLimiter
