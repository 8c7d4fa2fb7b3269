"""The application's open transaction, which units of work join: a SQLAlchemy connection, or an ORM session.

A session flushes before each unit of work and each read, as it does before its own queries (unless its `autoflush` is
off). So its new rows are there when a statement of the store checks them.
"""

from pathlib import Path
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncTransaction,
    async_scoped_session,
    async_sessionmaker,
)
from sqlalchemy.orm import Session, SessionTransaction, scoped_session, sessionmaker

from accounts_core.errors import ConfigurationError

from .forking import protect

HostSource: TypeAlias = sa.Connection | Session | scoped_session[Any]
AsyncHostSource: TypeAlias = AsyncConnection | AsyncSession | async_scoped_session[Any]

_SYNC: Final = (sa.Connection, Session, scoped_session)
_ASYNC: Final = (AsyncConnection, AsyncSession, async_scoped_session)
_ADVICE: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((str, sa.URL), "Make an engine of the URL first, with accounts_sql.create_engine or create_async_engine."),
    ((sessionmaker, async_sessionmaker), "Open a session first, as in: with make_session() as session."),
    ((*_SYNC, sa.Engine), "This one is synchronous: use SqlStore, and BlockingAccounts."),
    ((*_ASYNC, AsyncEngine), "This one is asynchronous: use AsyncSqlStore, and Accounts."),
    ((sa.Transaction, SessionTransaction, AsyncTransaction), "Give the connection or session that it belongs to."),
)
_OTHERWISE: Final = "A driver's own connection is not enough: give the SQLAlchemy connection that it belongs to."
_OPEN_FIRST: Final = (
    "An engine has no open transaction: give an open connection, as in: with engine.begin() as connection."
)


class HostTransaction:
    """The transaction of a `Connection` or `Session`. Of a `scoped_session`, that of the session in use at the call."""

    def __init__(self, source: HostSource) -> None:
        self._source = source
        if isinstance(source, sa.Connection):
            _check(source)

    def connection(self) -> sa.Connection:
        """Return the open connection of the transaction. A session begins one if necessary, and flushes.

        Raises:
            ConfigurationError: The connection or the session is closed, or the session has several databases.
            Exception: What the flush of the application's objects raises.

        """
        source = self._source
        if isinstance(source, sa.Connection):
            return _check(source)
        session: Session = source() if isinstance(source, scoped_session) else source
        try:
            connection = _check(session.connection())
        except sa.exc.InvalidRequestError as error:
            raise _unusable(error) from error
        if _flushes(session):
            session.flush()
        return connection

    def begun(self) -> sa.Connection:
        """Return the connection as `connection()` does, with a transaction begun where there was none."""
        connection = self.connection()
        if not connection.in_transaction():
            connection.begin()
        return connection


class AsyncHostTransaction:
    """The transaction of an `AsyncConnection`, `AsyncSession` or `async_scoped_session`. See `HostTransaction`."""

    def __init__(self, source: AsyncHostSource) -> None:
        self._source = source
        if isinstance(source, AsyncConnection):
            _check_async(source)

    async def connection(self) -> AsyncConnection:
        """Return the open connection of the transaction. See `HostTransaction.connection`."""
        source = self._source
        if isinstance(source, AsyncConnection):
            return _check_async(source)
        session: AsyncSession = source() if isinstance(source, async_scoped_session) else source
        try:
            connection = _check_async(await session.connection())
        except sa.exc.InvalidRequestError as error:
            raise _unusable(error) from error
        if _flushes(session.sync_session):
            await session.flush()
        return connection

    async def begun(self) -> AsyncConnection:
        """See `HostTransaction.begun`."""
        connection = await self.connection()
        if not connection.in_transaction():
            await connection.begin()
        return connection


def source_of(source: object) -> sa.Engine | HostTransaction:
    """Return what a `SqlStore` works on. Raises `ConfigurationError` if it cannot; the message says what to give."""
    if isinstance(source, sa.Engine):
        _check_dialect(source.dialect)
        protect(source)
        return source
    if isinstance(source, _SYNC):
        return HostTransaction(source)
    raise _refused("SqlStore takes an Engine, a Connection or an ORM Session of SQLAlchemy", source)


def async_source_of(source: object) -> AsyncEngine | AsyncHostTransaction:
    """Return what an `AsyncSqlStore` works on. See `source_of`."""
    if isinstance(source, AsyncEngine):
        _check_dialect(source.dialect)
        protect(source)
        return source
    if isinstance(source, _ASYNC):
        return AsyncHostTransaction(source)
    raise _refused("AsyncSqlStore takes an AsyncEngine, an AsyncConnection or an AsyncSession of SQLAlchemy", source)


def joinable(source: object) -> HostSource:
    """Return `source` if a `SqlStore` can take part in its transaction; otherwise raise `ConfigurationError`."""
    if isinstance(source, _SYNC):
        return source
    if isinstance(source, sa.Engine):
        raise ConfigurationError(_OPEN_FIRST)
    raise _refused("SqlStore takes part in the transaction of a Connection or an ORM Session of SQLAlchemy", source)


def async_joinable(source: object) -> AsyncHostSource:
    """Return `source` if an `AsyncSqlStore` can take part in its transaction; otherwise raise `ConfigurationError`."""
    if isinstance(source, _ASYNC):
        return source
    if isinstance(source, AsyncEngine):
        raise ConfigurationError(_OPEN_FIRST)
    raise _refused(
        "AsyncSqlStore takes part in the transaction of an AsyncConnection or an AsyncSession of SQLAlchemy", source
    )


def would_wait(engine: sa.Engine, host: sa.Connection) -> bool:
    """Return whether a transaction on `engine` would wait for the application's transaction on `host`.

    It does if both have the pool's only connection, as in memory, and on SQLite if the application has begun in the
    same file, because there is one writer at a time. On PostgreSQL a queue's limit does not matter (`second_pool`).
    """
    if engine.pool is host.engine.pool and _is_single(engine):
        return True
    return engine.dialect.name == "sqlite" and _is_same_file(engine, host) and _has_begun(host)


def _is_single(engine: sa.Engine) -> bool:
    pool = engine.pool
    if isinstance(pool, sa.StaticPool | sa.pool.SingletonThreadPool):
        return True
    most = getattr(pool, "_max_overflow", -1)
    return engine.dialect.name == "sqlite" and isinstance(pool, sa.QueuePool) and most >= 0 and pool.size() + most <= 1


def _is_same_file(engine: sa.Engine, host: sa.Connection) -> bool:
    if host.dialect.name != "sqlite":
        return False
    ours, theirs = engine.url.database, host.engine.url.database
    if engine.pool is host.engine.pool or ours == theirs:
        return True
    try:
        return ours is not None and theirs is not None and Path(ours).samefile(theirs)
    except OSError:  # a `file:` URI, or no file
        return False


def _has_begun(host: sa.Connection) -> bool:
    driver: Any = host.connection.driver_connection
    return bool(driver.in_transaction)


def _refused(expected: str, source: object) -> ConfigurationError:
    # neither the text of a URL nor a representation is repeated: both may hold a password
    named = f"the class {source.__name__}" if isinstance(source, type) else f"this {type(source).__name__}"
    advice = next((advice for kinds, advice in _ADVICE if isinstance(source, kinds)), _OTHERWISE)
    return ConfigurationError(f"{expected}, not {named}. {advice}")


def _check(connection: sa.Connection) -> sa.Connection:
    if connection.closed:
        raise ConfigurationError("The application's connection is closed: call the accounts before it is.")
    _check_dialect(connection.dialect)
    protect(connection)
    return connection


def _check_async(connection: AsyncConnection) -> AsyncConnection:
    if connection.sync_connection is None:
        raise ConfigurationError(
            "The application's connection is not open: await it first, or use it as in: async with"
            " engine.begin() as connection."
        )
    _check(connection.sync_connection)
    return connection


def _check_dialect(dialect: sa.Dialect) -> None:
    if dialect.name not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"Only SQLite and PostgreSQL are supported, not {dialect.name}.")


def _unusable(error: sa.exc.InvalidRequestError) -> ConfigurationError:
    if isinstance(error, sa.exc.UnboundExecutionError):
        return ConfigurationError(
            "The session has no database of its own, or several: give the connection of the right one, such as"
            " session.connection(bind_arguments={'mapper': ...})."
        )
    return ConfigurationError(f"The session has no open transaction to take part in: {error}")


def _flushes(session: Session) -> bool:
    # called in an event of a flush, such as `before_flush`, a second flush would be an error
    return session.autoflush and not getattr(session, "_flushing", False)
