"""Lone reads without an event loop: each borrows a connection for one statement, and runs it on the driver itself.

SQLAlchemy's execution costs more than the statement, and a BEGIN and a ROLLBACK around it two round trips more. What
it would have done besides is done here: value conversions (`Compiled`), the driver's autocommit mode, and throwing a
broken connection away.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
import sqlalchemy as sa

from accounts_core.errors import AnswerMismatch
from accounts_sql.statements.queries import Query, Rows

from .checkouts import BrokenCheckout, discard
from .executors import RowFetcher, SyncExecutor
from .translation import is_broken, translated

T = TypeVar("T")


def fetcher_on(source: sa.Engine | sa.Connection, schema: str | None, *, fast: bool) -> RowFetcher:
    """Choose how to read: on the host's connection, on the driver where we know it, else through SQLAlchemy."""
    if isinstance(source, sa.Connection):
        return SyncExecutor(source, schema)
    on_the_driver = _ON_THE_DRIVER.get(source.dialect.driver) if fast else None
    return EngineFetcher(source, schema) if on_the_driver is None else on_the_driver(source, schema)


@attrs.frozen
class EngineFetcher:
    """Through SQLAlchemy's own execution."""

    _engine: sa.Engine
    _schema: str | None

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        with translated():
            connection = self._engine.connect()
        with connection:
            return await SyncExecutor(connection, self._schema).fetch(query, **values)


@attrs.frozen
class DriverFetcher:
    """On the driver's own connection, borrowed from the engine's pool. As it stands, for sqlite3."""

    _engine: sa.Engine
    _schema: str | None

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        compiled = query.compiled(self._engine.dialect, self._schema)
        with translated():
            parameters = compiled.values(values)
            try:
                raw = self._run(query, compiled.sql, parameters, values)
            except BrokenCheckout:
                # a read may be repeated, and the pool has let go of whatever broke together with this connection
                raw = self._run(query, compiled.sql, parameters, values)
        return query.decode(compiled.rows(raw))

    def _run(self, query: Query[Any], sql: str, parameters: Any, asked: Mapping[str, Any]) -> Rows:
        pool = self._engine.pool
        lease = pool.connect()
        try:
            rows = self._execute(lease.driver_connection, sql, parameters)
            query.check(rows, asked)
        except AnswerMismatch as error:
            discard(pool, lease, error)
            raise
        except Exception as error:
            if is_broken(error):
                discard(pool, lease, error)
                raise BrokenCheckout from error
            lease.close()
            raise
        except BaseException as error:
            # interrupted in the middle of an answer: nobody can tell what the connection would say next
            lease.invalidate(error)
            raise
        lease.close()
        return rows

    def _execute(self, driver: Any, sql: str, parameters: Any) -> Rows:
        rows: Rows = driver.execute(sql, parameters).fetchall()
        return rows


@attrs.frozen
class PsycopgFetcher(DriverFetcher):
    """For psycopg, which has to be kept from beginning a transaction."""

    def _execute(self, driver: Any, sql: str, parameters: Any) -> Rows:
        before = driver.autocommit
        driver.autocommit = True
        try:
            return super()._execute(driver, sql, parameters)
        finally:
            if driver.info.transaction_status == _IDLE:
                driver.autocommit = before


_IDLE = 0
"""libpq's PQTRANS_IDLE: connected, with nothing going on."""

_ON_THE_DRIVER: dict[str, type[DriverFetcher]] = {"pysqlite": DriverFetcher, "psycopg": PsycopgFetcher}
