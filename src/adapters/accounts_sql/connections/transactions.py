"""Transactions on a connection of the engine, and savepoints on a connection of the host application.

Exceptions of the `with` body pass unchanged; only errors of BEGIN, COMMIT and ROLLBACK are translated.

On SQLite, BEGIN IMMEDIATE is sent explicitly. The driver would begin at the first write, after the first read: if
another transaction commits in between, that write fails at once, whatever the busy timeout. A listener for
SQLAlchemy's `begin` event, the documented way, would take the write lock for reads too.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from accounts_core.errors import ConfigurationError, Conflict, Unavailable

from .checkouts import discard
from .references import explained_commit
from .shielding import retried_while_locked, shielded
from .translation import committing, translated

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
            await shielded(connection.run_sync(_give_up if _has_timed_out(error) else _rollback))
        raise
    finally:
        if connection.sync_connection is not None:
            await shielded(connection.close())


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[sa.Connection]:
    """Open a savepoint in the host application's transaction, which only the host application commits."""
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


def _begin(connection: sa.Connection) -> None:
    if _commits_by_itself(connection):
        connection.execution_options(isolation_level=_ISOLATION)
    connection.begin()
    _begin_on_sqlite(connection)


def _join(connection: sa.Connection) -> None:
    if _commits_by_itself(connection):
        raise ConfigurationError("This connection is in AUTOCOMMIT mode: there is no transaction to join.")
    _begin_on_sqlite(connection)


def _commits_by_itself(connection: sa.Connection) -> bool:
    """Return whether the connection is in AUTOCOMMIT mode. On SQLite an explicit BEGIN works in that mode too."""
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    assert driver is not None
    return dialect.name == "postgresql" and dialect.detect_autocommit_setting(driver)


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
