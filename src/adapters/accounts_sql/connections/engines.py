"""Engines created from a URL, with the settings that the store requires.

The same URL serves both functions: a missing driver is added, and a synchronous or asynchronous driver is replaced by
its counterpart, so `sqlite:///accounts.db`, `postgresql://...` and `postgresql+asyncpg://...` work with either.

A URL may name several servers, one of which is writable. They are tried in order, so a promoted standby is found:
`postgresql://user:password@/name?host=a:5432&host=b:5432&target_session_attrs=read-write`

An engine of the host application works as well. On SQLite, call `prepare(engine)` before it connects, because foreign
keys are enabled for each connection there. On PostgreSQL nothing is needed.
"""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as _create_async_engine

from accounts_core.errors import ConfigurationError

from . import hosts
from .forking import protect
from .urls import is_in_memory

APPLICATION_NAME: Final = "accounts"
BUSY_TIMEOUT_MILLISECONDS: Final = 10_000
POOL_TIMEOUT_SECONDS: Final = 10
POOL_SIZE: Final = 10
MAX_OVERFLOW: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 5
COMMAND_TIMEOUT_SECONDS: Final = 40
"""Client-side timeout for an unresponsive server; longer than the server's own `statement_timeout`."""
WAL_ATTEMPTS: Final = 50
WAL_WAIT_MILLISECONDS: Final = 20

_SESSION_SETTINGS: Final = {
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
_PRAGMAS: Final = (
    f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
    "foreign_keys=ON",
    "synchronous=FULL",
)
_SYNC: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+aiosqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+asyncpg": "postgresql+psycopg",
}
_ASYNC: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+pysqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+psycopg2": "postgresql+asyncpg",
}
_PGBOUNCER: Final = "pgbouncer"
_SQLITE_LEAST: Final = (3, 37, 0)
"""The first SQLite with STRICT tables."""


def create_engine(url: str | sa.URL, *, pgbouncer: bool = False, **options: Any) -> sa.Engine:
    """Create an engine for `SqlStore`: sqlite3 or psycopg. Other options are those of SQLAlchemy's `create_engine`.

    `pgbouncer=True`, or `?pgbouncer=true` in the URL, is for PgBouncer in transaction pooling mode: no prepared
    statements and no session settings are used, so set `lock_timeout` and `statement_timeout` on the role.

    An in-memory SQLite database has a single connection. A read through the store times out while the same caller has
    a unit of work open.

    Raises `ConfigurationError` for a URL that is not of SQLite or PostgreSQL.
    """
    url = _completed(url, _SYNC)
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, **_sqlite_options(url, sa.QueuePool, options))
        prepare(engine)
        protect(engine)
        return engine
    url, in_url = _without_pgbouncer(url)
    connect_args = _psycopg_arguments(url, pgbouncer=pgbouncer or in_url)
    engine = sa.create_engine(_renamed(url, "ssl", "sslmode"), **_postgresql_options(connect_args, options))
    protect(engine)
    return engine


def create_async_engine(url: str | sa.URL, *, pgbouncer: bool = False, **options: Any) -> AsyncEngine:
    """Create an engine for `AsyncSqlStore`, with aiosqlite or asyncpg. Otherwise as `create_engine`.

    With asyncpg, a statement without a response ends after `command_timeout` (in `connect_args` or in the URL).
    """
    url = _completed(url, _ASYNC)
    if url.get_backend_name() == "sqlite":
        engine = _create_async_engine(url, **_sqlite_options(url, sa.AsyncAdaptedQueuePool, options))
        prepare(engine)
        protect(engine)
        return engine
    url, in_url = _without_pgbouncer(url)
    if url.get_driver_name() != "asyncpg":
        # drivers other than psycopg are configured by the host application
        is_psycopg = url.get_driver_name().startswith("psycopg")
        arguments = _psycopg_arguments(url, pgbouncer=pgbouncer or in_url) if is_psycopg else {}
        engine = _create_async_engine(_renamed(url, "ssl", "sslmode"), **_postgresql_options(arguments, options))
        protect(engine)
        return engine
    settings = {"application_name": APPLICATION_NAME}
    connect_args: dict[str, Any] = {
        "timeout": CONNECT_TIMEOUT_SECONDS,
        "server_settings": settings,
        "async_creator_fn": hosts.connect,
    }
    if "command_timeout" not in url.query:
        connect_args["command_timeout"] = COMMAND_TIMEOUT_SECONDS
    if pgbouncer or in_url:
        connect_args["statement_cache_size"] = 0
        connect_args["prepared_statement_cache_size"] = 0
        # An unnamed statement lasts until the next one. A named one would outlive the transaction on its server
        # connection, and the client would later close it on another server connection.
        connect_args["prepared_statement_name_func"] = lambda: ""
    else:
        settings |= _SESSION_SETTINGS
    engine = _create_async_engine(_renamed(url, "sslmode", "ssl"), **_postgresql_options(connect_args, options))
    protect(engine)
    return engine


def prepare(engine: sa.Engine | AsyncEngine) -> None:
    """Configure each connection that a SQLite engine opens from now on.

    Foreign keys are enforced, and writers wait for each other. In a file, commits are durable (`synchronous=FULL`) and
    readers do not block the writer (WAL). A savepoint never is the outermost transaction, which its release would
    commit. Does nothing on PostgreSQL.
    """
    sync = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    if sync.dialect.name != "sqlite":
        return
    if sqlite3.sqlite_version_info < _SQLITE_LEAST:
        raise ConfigurationError(f"SQLite {'.'.join(map(str, _SQLITE_LEAST))} or newer is needed, for STRICT tables.")
    sa.event.listen(sync, "connect", _prepare_connection)
    sa.event.listen(sync, "savepoint", _begin_before_savepoint)


def _prepare_connection(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    try:
        _switch_to_wal(cursor)
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _begin_before_savepoint(connection: sa.Connection, _: object) -> None:
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _switch_to_wal(cursor: Any) -> None:
    """Switch the file to WAL, so that readers and the writer do not block each other.

    The mode is stored in the file. While another connection writes, SQLite refuses the switch at once, whatever the
    timeout. After the last attempt the connection is used without WAL, which is as safe but slower, and the next
    connection tries again.
    """
    cursor.execute(f"PRAGMA busy_timeout={WAL_WAIT_MILLISECONDS}")
    for _attempt in range(WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode")
            if cursor.fetchone()[0] != "delete":  # WAL is set already, or the database is in memory
                return
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return  # such as a read-only file
            time.sleep(WAL_WAIT_MILLISECONDS / 1000)


def _completed(url: str | sa.URL, drivers: Mapping[str, str]) -> sa.URL:
    if isinstance(url, str) and url.startswith("postgres://"):
        url = url.replace("postgres://", "postgresql://", 1)
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError:
        # neither chained nor quoted: the URL may hold a password
        raise ConfigurationError("This is not the URL of a database, such as sqlite:///accounts.db.") from None
    if made.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"Only SQLite and PostgreSQL are supported, not {made.get_backend_name()}.")
    return made.set(drivername=drivers.get(made.drivername, made.drivername))


def _psycopg_arguments(url: sa.URL, *, pgbouncer: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "application_name": APPLICATION_NAME,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "client_encoding": "UTF8",  # else psycopg returns bytes from a database in SQL_ASCII
    }
    if pgbouncer:
        arguments["prepare_threshold"] = None
    else:
        # psycopg reads times in no other style, which the database may have as its default
        settings = [f"-c {name}={value}" for name, value in {**_SESSION_SETTINGS, "DateStyle": "ISO"}.items()]
        arguments["options"] = " ".join([*settings, *_texts(url.query.get("options", ()))])
    return arguments


def _renamed(url: sa.URL, theirs: str, ours: str) -> sa.URL:
    """Rename a setting of the URL to this driver's name for it."""
    if theirs not in url.query:
        return url
    return url.difference_update_query([theirs]).update_query_dict({ours: url.query[theirs]})


def _without_pgbouncer(url: sa.URL) -> tuple[sa.URL, bool]:
    """Remove the `pgbouncer` setting, which the driver does not know, and return its value."""
    said = url.query.get(_PGBOUNCER, "false")
    if said not in {"true", "false"}:
        raise ConfigurationError(f"{_PGBOUNCER} in the URL of a database is true or false.")
    return url.difference_update_query([_PGBOUNCER]), said == "true"


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _sqlite_options(url: sa.URL, pool: type[sa.Pool], options: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"poolclass": pool, "hide_parameters": True}
    if _is_queue(options):
        defaults["pool_timeout"] = POOL_TIMEOUT_SECONDS
        if is_in_memory(url):
            defaults |= {"pool_size": 1, "max_overflow": 0}
    # safe, because the pool checks a connection out to one thread at a time
    connect_args = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MILLISECONDS / 1000}
    return {**defaults, **options, "connect_args": {**connect_args, **options.get("connect_args", {})}}


def _postgresql_options(connect_args: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    # errors are logged, and parameters include email addresses and password hashes
    defaults: dict[str, Any] = {"hide_parameters": True}
    if _is_queue(options):
        defaults |= {"pool_size": POOL_SIZE, "max_overflow": MAX_OVERFLOW, "pool_timeout": POOL_TIMEOUT_SECONDS}
    return {**defaults, **options, "connect_args": {**connect_args, **options.get("connect_args", {})}}


def _is_queue(options: Mapping[str, Any]) -> bool:
    """Return whether the chosen pool class has a size. `NullPool` accepts no size options."""
    return issubclass(options.get("poolclass", sa.QueuePool), sa.QueuePool)
