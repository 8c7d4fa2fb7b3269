"""Engines with the settings that the accounts need to be safe, from a URL.

One URL serves both kinds: the driver is completed, or exchanged for its counterpart, so `sqlite:///accounts.db`,
`postgresql://...` and `postgresql+asyncpg://...` may each be given to either function.

Several servers, of which one takes writes, are one URL: each is asked in turn, and the one that was promoted is found.
`postgresql://user:password@/name?host=a:5432&host=b:5432&target_session_attrs=read-write`

A host's own engine works as well. On SQLite it needs `prepare(engine)` before it connects, because foreign keys are a
setting of each connection there; on PostgreSQL it needs nothing.
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
"""After which a server that hangs is given up: longer than one that does not may take for a statement."""
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
    """Make an engine for `SqlStore`: sqlite3 or psycopg. Any other option of SQLAlchemy's `create_engine` may follow.

    `pgbouncer`, or `?pgbouncer=true` in the URL, makes it safe behind a PgBouncer that pools by transaction: nothing is
    prepared, and no setting of a session is asked for, so set `lock_timeout` and `statement_timeout` on the role.

    A SQLite database in memory has one connection, which its users take turns at: fine for a try-out, but whoever
    reads while they themselves hold a unit of work open waits in vain.

    Raises `ConfigurationError` for what is no URL of SQLite or PostgreSQL.
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
    """Make an engine for `AsyncSqlStore`: aiosqlite or asyncpg. The rest is as `create_engine` says.

    asyncpg gives up a server that does not answer at all (`command_timeout`, in `connect_args` or in the URL).
    """
    url = _completed(url, _ASYNC)
    if url.get_backend_name() == "sqlite":
        engine = _create_async_engine(url, **_sqlite_options(url, sa.AsyncAdaptedQueuePool, options))
        prepare(engine)
        protect(engine)
        return engine
    url, in_url = _without_pgbouncer(url)
    if url.get_driver_name() != "asyncpg":
        # any other driver but psycopg's own is the host's to set up
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
        # Without a name a statement lasts until the next one, and a transaction keeps its server connection. One with a
        # name stays behind when the transaction ends, and whoever made it would close it on another connection.
        connect_args["prepared_statement_name_func"] = lambda: ""
    else:
        settings |= _SESSION_SETTINGS
    engine = _create_async_engine(_renamed(url, "sslmode", "ssl"), **_postgresql_options(connect_args, options))
    protect(engine)
    return engine


def prepare(engine: sa.Engine | AsyncEngine) -> None:
    """Give each connection that a SQLite engine opens from now on the settings that the accounts need.

    Foreign keys are enforced, a writer waits for the one before it, and, in a file, commits are durable
    (`synchronous=FULL`) and readers go on beside the writer (WAL). On PostgreSQL there is nothing to do.
    """
    sync = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    if sync.dialect.name != "sqlite":
        return
    if sqlite3.sqlite_version_info < _SQLITE_LEAST:
        raise ConfigurationError(f"SQLite {'.'.join(map(str, _SQLITE_LEAST))} or newer is needed, for STRICT tables.")
    sa.event.listen(sync, "connect", _prepare_connection)


def _prepare_connection(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    try:
        _switch_to_wal(cursor)
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    """Let readers go on beside the writer: a property of the file, which the first to open it sets.

    SQLite refuses at once, whatever its timeout, while somebody else writes. Whoever gets no turn goes on without:
    that is as safe, only slower, and the next connection tries again.
    """
    cursor.execute(f"PRAGMA busy_timeout={WAL_WAIT_MILLISECONDS}")
    for _attempt in range(WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode")
            if cursor.fetchone()[0] != "delete":  # it is set already, or the database is in memory
                return
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return  # such as a file that may only be read
            time.sleep(WAL_WAIT_MILLISECONDS / 1000)


def _completed(url: str | sa.URL, drivers: Mapping[str, str]) -> sa.URL:
    if isinstance(url, str) and url.startswith("postgres://"):
        url = url.replace("postgres://", "postgresql://", 1)
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError:
        # not chained, and without the text: it may hold a password
        raise ConfigurationError("This is not the URL of a database, such as sqlite:///accounts.db.") from None
    if made.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"The accounts live on SQLite or PostgreSQL, not on {made.get_backend_name()}.")
    return made.set(drivername=drivers.get(made.drivername, made.drivername))


def _psycopg_arguments(url: sa.URL, *, pgbouncer: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "application_name": APPLICATION_NAME,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "client_encoding": "UTF8",  # without it a database in SQL_ASCII answers in bytes, its version as well
    }
    if pgbouncer:
        arguments["prepare_threshold"] = None
    else:
        settings = [f"-c {name}={value}" for name, value in _SESSION_SETTINGS.items()]
        arguments["options"] = " ".join([*settings, *_texts(url.query.get("options", ()))])
    return arguments


def _renamed(url: sa.URL, theirs: str, ours: str) -> sa.URL:
    """Call a URL's setting what this driver calls it."""
    if theirs not in url.query:
        return url
    return url.difference_update_query([theirs]).update_query_dict({ours: url.query[theirs]})


def _without_pgbouncer(url: sa.URL) -> tuple[sa.URL, bool]:
    """Take what is for us out of what is for the driver."""
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
    # the pool hands a connection to one thread at a time
    connect_args = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MILLISECONDS / 1000}
    return {**defaults, **options, "connect_args": {**connect_args, **options.get("connect_args", {})}}


def _postgresql_options(connect_args: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    # addresses and hashes are among the parameters, and errors are logged
    defaults: dict[str, Any] = {"hide_parameters": True}
    if _is_queue(options):
        defaults |= {"pool_size": POOL_SIZE, "max_overflow": MAX_OVERFLOW, "pool_timeout": POOL_TIMEOUT_SECONDS}
    return {**defaults, **options, "connect_args": {**connect_args, **options.get("connect_args", {})}}


def _is_queue(options: Mapping[str, Any]) -> bool:
    """Say whether the pool that was asked for, if any, is one that has a size: `NullPool` takes none of its options."""
    return issubclass(options.get("poolclass", sa.QueuePool), sa.QueuePool)
