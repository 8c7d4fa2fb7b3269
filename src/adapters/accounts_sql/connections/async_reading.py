"""Asynchronous single-statement reads on asyncpg's and aiosqlite's own connections. See `reading`.

SQLAlchemy runs its synchronous code in a greenlet. Creating a greenlet costs a tenth of a read on PostgreSQL, so it is
avoided where the pool can check a connection out and in without I/O.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from accounts_core.errors import AnswerMismatch
from accounts_sql.statements.queries import Query, Rows
from accounts_sql.tables.location import Location

from .checkouts import BrokenCheckout, discard
from .driver_settings import driver_defaults
from .event_loops import use_on_this_loop
from .executors import AsyncExecutor, RowFetcher
from .host_transactions import AsyncHostTransaction
from .read_queue import ReadQueue
from .renaming import rename_on
from .shielding import retried_while_locked, shielded
from .translation import bare, is_broken, translate, translated

T = TypeVar("T")


def async_fetcher_on(source: AsyncEngine | AsyncHostTransaction, location: Location, *, fast: bool) -> RowFetcher:
    """Choose the fetcher: the host application's connection, a supported driver, or SQLAlchemy otherwise."""
    if isinstance(source, AsyncHostTransaction):
        return AsyncHostFetcher(source, location)
    rename_on(source, location)
    on_the_driver = _ON_THE_DRIVER.get(source.dialect.driver) if fast else None
    return AsyncEngineFetcher(source, location) if on_the_driver is None else on_the_driver(source, location)


@attrs.frozen
class AsyncHostFetcher:
    """Fetcher in the host application's transaction."""

    _host: AsyncHostTransaction
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        connection = await self._host.connection()
        rename_on(connection, self._location)
        return await AsyncExecutor(connection, self._location).fetch(query, **values)


@attrs.frozen
class AsyncEngineFetcher:
    """Fetcher that executes through SQLAlchemy."""

    _engine: AsyncEngine
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        await use_on_this_loop(self._engine)
        connection = self._engine.connect()
        try:
            with translated():
                await retried_while_locked(self._engine.dialect, connection.start())
            return await AsyncExecutor(connection, self._location, may_begin_again=True).fetch(query, **values)
        finally:
            if connection.sync_connection is not None:
                await shielded(connection.close())


@attrs.frozen
class AsyncpgFetcher:
    """Fetcher on asyncpg's own connection, checked out of the engine's pool.

    SQLAlchemy begins a transaction only for statements that it executes itself, so each read runs in autocommit.
    """

    _engine: AsyncEngine
    _location: Location
    _queue: ReadQueue = attrs.field(init=False)

    @_queue.default
    def _of_the_engine(self) -> ReadQueue:
        return ReadQueue(self._engine)

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        # no helper function and no context manager: this is the most frequent path
        compiled = query.compiled(self._engine.dialect, self._location)
        try:
            parameters = compiled.values(values)
            try:
                raw = await self._run(query, compiled.sql, parameters, values)
            except BrokenCheckout:
                # a read is safe to repeat, and the pool has already invalidated connections of the same age
                raw = await self._run(query, compiled.sql, parameters, values)
        except Exception as error:
            if (ours := translate(error)) is None:
                raise
            raise ours from bare(error)
        return query.decode(compiled.rows(raw))

    async def _run(self, query: Query[Any], sql: str, parameters: Any, asked: Mapping[str, Any]) -> Rows:
        checkout = await self._queue.check_out()
        driver: Any = checkout.driver_connection
        try:
            rows: Rows = await driver.fetch(sql, *parameters)
            query.check(rows, asked)
        except AnswerMismatch as error:
            discard(self._engine.pool, checkout, error)
            self._queue.lose()
            raise
        except Exception as error:
            if driver.is_closed() or is_broken(error):
                discard(self._engine.pool, checkout, error)
                self._queue.lose()
                raise BrokenCheckout from error
            await self._queue.check_in(checkout)
            raise
        except BaseException as error:
            # cancelled before the response was complete: drop the connection, as SQLAlchemy does
            checkout.invalidate(error)
            self._queue.lose()
            raise
        await self._queue.check_in(checkout)
        return rows


@attrs.frozen
class AiosqliteFetcher:
    """Fetcher on aiosqlite's own connection, checked out of the engine's pool: one call to its thread for each read."""

    _engine: AsyncEngine
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        await use_on_this_loop(self._engine)
        compiled = query.compiled(self._engine.dialect, self._location)
        with translated():
            raw = await shielded(self._run(query, compiled.sql, compiled.values(values), values))
        return query.decode(compiled.rows(raw))

    async def _run(self, query: Query[Any], sql: str, parameters: Any, asked: Mapping[str, Any]) -> Rows:
        pool = self._engine.pool
        checkout = await greenlet_spawn(pool.connect)
        driver: Any = checkout.driver_connection
        try:
            with driver_defaults(driver, "aiosqlite"):
                rows: Rows = await driver.execute_fetchall(sql, parameters)
            query.check(rows, asked)
        except AnswerMismatch as error:
            await greenlet_spawn(discard, pool, checkout, error)
            raise
        except BaseException:
            await greenlet_spawn(checkout.close)
            raise
        await greenlet_spawn(checkout.close)
        return rows


_ON_THE_DRIVER: dict[str, type[AsyncpgFetcher] | type[AiosqliteFetcher]] = {
    "asyncpg": AsyncpgFetcher,
    "aiosqlite": AiosqliteFetcher,
}
