"""Rate limits beside a store that takes part in a transaction of the application."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_sql.connections.executors import AsyncExecutor, SyncExecutor
from accounts_sql.connections.host_transactions import AsyncHostTransaction, HostTransaction, would_wait
from accounts_sql.connections.renaming import rename_on
from accounts_sql.connections.transactions import async_savepoint, savepoint
from accounts_sql.tables.location import Location

from .attempts import Attempts


class JoinedSqlRateLimiter:
    """Rate limiter beside a store that takes part in a transaction of the application.

    It counts outside of that transaction, as `SqlRateLimiter` does, unless that would wait for the transaction itself:
    on SQLite the application holds the only write lock once it has written. Then it counts in that transaction. If the
    application rolls it back, the next attempt in this process counts the lost ones again.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(
        self,
        outside: RateLimiter,
        host: HostTransaction,
        engine: sa.Engine,
        location: Location,
        attempts: Attempts,
    ) -> None:
        self._outside = outside
        self._host = host
        self._engine = engine
        self._location = location
        self._attempts = attempts

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        host = self._host.connection()
        if not would_wait(self._engine, host):
            await self._outside.consume(name, scopes, now=now)
            return
        ended = self._attempts.take_ended(now)
        try:
            with savepoint(host) as connection:
                rename_on(connection, self._location)
                db = SyncExecutor(connection, self._location)
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
            rename_on(connection, self._location)
            await self._attempts.reset(SyncExecutor(connection, self._location), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._outside.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._outside.delete_expired(now=now, limit=limit)


class AsyncJoinedSqlRateLimiter:
    """See `JoinedSqlRateLimiter`."""

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        outside: RateLimiter,
        host: AsyncHostTransaction,
        engine: AsyncEngine,
        location: Location,
        attempts: Attempts,
    ) -> None:
        self._outside = outside
        self._host = host
        self._engine = engine
        self._location = location
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
                rename_on(connection, self._location)
                db = AsyncExecutor(connection, self._location)
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
            rename_on(connection, self._location)
            await self._attempts.reset(AsyncExecutor(connection, self._location), name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._outside.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._outside.delete_expired(now=now, limit=limit)
