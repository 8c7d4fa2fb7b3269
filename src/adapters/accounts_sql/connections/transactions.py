"""Transactions on a connection of the engine, and savepoints on a connection of the host application.

Exceptions of the `with` body pass unchanged; only errors of BEGIN, COMMIT and ROLLBACK are translated.

On SQLite, BEGIN IMMEDIATE is sent explicitly. The driver would begin at the first write, after the first read: if
another transaction commits in between, that write fails at once, whatever the busy timeout. A listener for
SQLAlchemy's `begin` event, the documented way, would take the write lock for reads too.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from accounts_core.errors import ConfigurationError, Conflict, Unavailable

from .checkouts import discard, refresh
from .event_loops import use_on_this_loop
from .references import explained_commit
from .shielding import retried_while_locked, shielded
from .translation import StaleStatement, committing, translated

_CHECKED: Final = "accounts_sql.checked"
_ISOLATION: Final[IsolationLevel] = "READ COMMITTED"


@contextmanager
def transaction(engine: sa.Engine, isolation_level: IsolationLevel | None = None) -> Iterator[sa.Connection]:
    """Open a connection and a transaction: commit on a normal exit, roll back on any exception."""
    with translated():
        connection = engine.connect()
    try:
        with translated():
            if isolation_level is not None:
                connection.execution_options(isolation_level=isolation_level)
            _begin(connection)
        yield connection
        try:
            with committing():
                connection.commit()
        except Conflict as error:
            raise explained_commit(connection, error) from error.__cause__
    except StaleStatement:
        _rollback_stale(connection)
        raise
    except BaseException:
        _rollback(connection)
        raise
    finally:
        connection.close()


@asynccontextmanager
async def async_transaction(
    engine: AsyncEngine, isolation_level: IsolationLevel | None = None
) -> AsyncIterator[AsyncConnection]:
    """Open a transaction as `transaction` does, on an event loop. Cancellation leaks no connection."""
    await use_on_this_loop(engine)
    connection = engine.connect()
    try:
        with translated():
            await retried_while_locked(engine.dialect, connection.start())
            if isolation_level is not None:
                await connection.execution_options(isolation_level=isolation_level)
            await retried_while_locked(engine.dialect, connection.run_sync(_begin))
        yield connection
        try:
            with committing():
                await retried_while_locked(engine.dialect, connection.commit())
        except Conflict as error:
            raise await connection.run_sync(explained_commit, error) from error.__cause__
    except BaseException as error:
        if connection.sync_connection is not None:
            await shielded(connection.run_sync(_ending_of(error)))
        raise
    finally:
        if connection.sync_connection is not None:
            await shielded(connection.close())


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[sa.Connection]:
    """Open a savepoint in the host application's transaction, which only the host application commits."""
    with _without_streaming(connection):
        with translated():
            _join(connection)
            nested = connection.begin_nested()
        try:
            yield connection
            with translated():
                nested.commit()
        except BaseException:
            with suppress(sa.exc.SQLAlchemyError):  # the first error is more informative
                nested.rollback()
            raise


@asynccontextmanager
async def async_savepoint(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    """Open a savepoint as `savepoint` does, on an event loop."""
    dialect = connection.dialect
    nested: AsyncTransaction | None = None
    assert connection.sync_connection is not None
    with _without_streaming(connection.sync_connection):
        try:
            with translated():
                await retried_while_locked(dialect, connection.run_sync(_join))
                nested = connection.begin_nested()
                await retried_while_locked(dialect, nested.start())
            yield connection
            with translated():
                await retried_while_locked(dialect, nested.commit())
        except BaseException:
            if nested is not None and nested.sync_transaction is not None:
                with suppress(sa.exc.SQLAlchemyError):
                    await shielded(nested.rollback())
            raise


@contextmanager
def _without_streaming(connection: sa.Connection) -> Iterator[None]:
    """Turn server-side cursors off, which SQLAlchemy would declare for SAVEPOINT as well on psycopg."""
    options = connection.get_execution_options()
    streaming = {name: options[name] for name in ("stream_results", "yield_per") if options.get(name)}
    if not streaming:
        yield
        return
    connection.execution_options(stream_results=False, yield_per=None)
    try:
        yield
    finally:
        connection.execution_options(**streaming)


def begin_again(connection: sa.Connection) -> None:
    """Begin the transaction of an engine's connection again, whose first statement was stale."""
    _rollback_stale(connection)
    _begin(connection)


def _rollback_stale(connection: sa.Connection) -> None:
    """Roll back after a `StaleStatement`, and replace the pool's other connections, which may have prepared it too.

    On asyncpg SQLAlchemy prepares everything again, on all connections.
    """
    _rollback(connection)
    if connection.dialect.driver != "asyncpg":
        refresh(connection.engine.pool, connection.connection)


def _begin(connection: sa.Connection) -> None:
    if commits_by_itself(connection):
        connection.execution_options(isolation_level=_ISOLATION)
    connection.begin()
    _begin_on_sqlite(connection)


def _join(connection: sa.Connection) -> None:
    if commits_by_itself(connection):
        raise ConfigurationError("This connection is in AUTOCOMMIT mode: there is no transaction to join.")
    _begin_on_sqlite(connection)


def commits_by_itself(connection: sa.Connection) -> bool:
    """Return whether the connection is in AUTOCOMMIT mode. On SQLite an explicit BEGIN works in that mode too."""
    # `Dialect.detect_autocommit_setting` reads the same attribute, from SQLAlchemy 2.0.43 on
    driver: Any = connection.connection.dbapi_connection
    return connection.dialect.name == "postgresql" and bool(driver.autocommit)


def _begin_on_sqlite(connection: sa.Connection) -> None:
    """Send BEGIN on SQLite unless the driver is in a transaction, whatever state SQLAlchemy assumes.

    In its legacy mode the driver has not begun while the host application's transaction has only read. A savepoint
    would then be the outermost transaction, and releasing it would commit.
    """
    if connection.dialect.name != "sqlite":
        return
    pooled = connection.connection
    if not pooled.info.get(_CHECKED):
        _check_sqlite(connection)
        pooled.info[_CHECKED] = True
    driver: Any = pooled.driver_connection
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_sqlite(connection: sa.Connection) -> None:
    if not connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise ConfigurationError(
            "Foreign keys are off on this SQLite connection, and the accounts' rules rely on them:"
            " make the engine with accounts_sql.create_engine, or call accounts_sql.prepare(engine) before it connects."
        )


def _ending_of(error: BaseException) -> Callable[[sa.Connection], None]:
    if isinstance(error, StaleStatement):
        return _rollback_stale
    return _give_up if _has_timed_out(error) else _rollback


def _has_timed_out(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and isinstance(error.__cause__, TimeoutError)


def _give_up(connection: sa.Connection) -> None:
    """Discard a connection that does not respond: it would not respond to ROLLBACK, and neither would the others."""
    if not connection.invalidated:
        discard(connection.engine.pool, connection.connection, TimeoutError())
        connection.invalidate()


def _rollback(connection: sa.Connection) -> None:
    # the server rolls back when a connection breaks, and the first error is more informative
    with suppress(sa.exc.SQLAlchemyError):
        connection.rollback()
