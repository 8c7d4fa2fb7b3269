"""Synchronous single-statement reads: each checks a connection out and runs the statement on the driver itself.

SQLAlchemy's execution costs more than the statement, and BEGIN and ROLLBACK add two round trips. The rest of what
SQLAlchemy would do is done here: value conversion (`Compiled`), the driver's autocommit mode, and the invalidation of
broken connections.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
import sqlalchemy as sa

from accounts_core.errors import AnswerMismatch
from accounts_sql.statements.queries import Query, Rows
from accounts_sql.tables.location import Location

from .checkouts import BrokenCheckout, discard
from .driver_settings import driver_defaults
from .executors import RowFetcher, SyncExecutor
from .host_transactions import HostTransaction
from .renaming import rename_on
from .translation import StaleStatement, is_broken, translate, translated

T = TypeVar("T")


def fetcher_on(source: sa.Engine | HostTransaction, location: Location, *, fast: bool) -> RowFetcher:
    """Choose the fetcher: the host application's connection, a supported driver, or SQLAlchemy otherwise."""
    if isinstance(source, HostTransaction):
        return HostFetcher(source, location)
    rename_on(source, location)
    on_the_driver = _ON_THE_DRIVER.get(source.dialect.driver) if fast else None
    return EngineFetcher(source, location) if on_the_driver is None else on_the_driver(source, location)


@attrs.frozen
class HostFetcher:
    """Fetcher in the host application's transaction."""

    _host: HostTransaction
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        connection = self._host.connection()
        rename_on(connection, self._location)
        return await SyncExecutor(connection, self._location).fetch(query, **values)


@attrs.frozen
class EngineFetcher:
    """Fetcher that executes through SQLAlchemy."""

    _engine: sa.Engine
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        with translated():
            connection = self._engine.connect()
        with connection:
            return await SyncExecutor(connection, self._location, may_begin_again=True).fetch(query, **values)


@attrs.frozen
class DriverFetcher:
    """Fetcher on the driver's own connection, checked out of the engine's pool. The base class serves sqlite3."""

    _engine: sa.Engine
    _location: Location

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        compiled = query.compiled(self._engine.dialect, self._location)
        with translated():
            parameters = compiled.values(values)
            try:
                raw = self._run(query, compiled.sql, parameters, values)
            except BrokenCheckout:
                # a read is safe to repeat, and the pool has already invalidated connections of the same age
                raw = self._run(query, compiled.sql, parameters, values)
        return query.decode(compiled.rows(raw))

    def _run(self, query: Query[Any], sql: str, parameters: Any, asked: Mapping[str, Any]) -> Rows:
        pool = self._engine.pool
        checkout = pool.connect()
        try:
            driver = checkout.driver_connection
            with driver_defaults(driver, self._engine.dialect.driver):
                rows = self._execute(driver, sql, parameters)
            query.check(rows, asked)
        except AnswerMismatch as error:
            discard(pool, checkout, error)
            raise
        except Exception as error:
            if is_broken(error) or isinstance(translate(error), StaleStatement):
                discard(pool, checkout, error)
                raise BrokenCheckout from error
            checkout.close()
            raise
        except BaseException as error:
            # interrupted before the response was complete: the connection's next response may belong to this statement
            checkout.invalidate(error)
            raise
        checkout.close()
        return rows

    def _execute(self, driver: Any, sql: str, parameters: Any) -> Rows:
        rows: Rows = driver.execute(sql, parameters).fetchall()
        return rows


@attrs.frozen
class PsycopgFetcher(DriverFetcher):
    """Fetcher for psycopg, in autocommit mode so that the driver begins no transaction."""

    def _execute(self, driver: Any, sql: str, parameters: Any) -> Rows:
        before = driver.autocommit
        driver.autocommit = True
        try:
            return super()._execute(driver, sql, parameters)
        finally:
            if driver.info.transaction_status == _IDLE:
                driver.autocommit = before


_IDLE = 0
"""libpq's PQTRANS_IDLE: connected, outside a transaction."""

_ON_THE_DRIVER: dict[str, type[DriverFetcher]] = {"pysqlite": DriverFetcher, "psycopg": PsycopgFetcher}
