"""Schema, prefix, settings and lock of a migration, on any connection."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import sqlalchemy as sa

from accounts_core.errors import ConfigurationError, Unavailable
from accounts_sql.connections.transactions import commits_by_itself
from accounts_sql.connections.translation import translated
from accounts_sql.tables.location import PREFIX, Location

LOCK: Final = 4_706_230_815_199_305_843
"""Key of PostgreSQL's advisory lock for migrations. Arbitrary, but it must not change between releases."""
POLL_SECONDS: Final = 0.2
WAIT_SECONDS: Final = 30
"""Maximum wait of a transaction of the host application for a migration of another process."""
_LIMITS: Final = {
    "statement_timeout": "0",
    # while the migration waits for a table, later statements queue behind it
    "lock_timeout": "10s",
}


def try_turn(connection: sa.Connection) -> bool:
    """Take the migrations' lock until the end of the transaction, if it is free.

    Nothing waits for it: a waiting transaction would deadlock with `CREATE INDEX CONCURRENTLY`, which waits for it. On
    SQLite the transaction is the only writer already.
    """
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar_one())


def await_turn(connection: sa.Connection) -> None:
    """Take the migrations' lock in a transaction that goes on afterwards. Raises `Unavailable` after half a minute."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not try_turn(connection):
        if time.monotonic() > deadline:
            raise Unavailable("Another process is migrating the accounts.")
        pause(connection)


def pause(connection: sa.Connection) -> None:
    """Wait a moment, on PostgreSQL's side: the same code runs with and without an event loop."""
    connection.execute(sa.select(sa.func.pg_sleep(POLL_SECONDS)))


@contextmanager
def joined(connection: sa.Connection) -> Iterator[None]:
    """Open a savepoint in the transaction of the host application, which only the host application commits."""
    with translated():
        _join(connection)
        nested = connection.begin_nested()
    try:
        yield
        with translated():
            nested.commit()
    except BaseException:
        with suppress(sa.exc.SQLAlchemyError):  # the first error is more informative
            nested.rollback()
        raise


def _join(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        # the driver begins no transaction before DDL, and releasing an outermost savepoint would commit
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif commits_by_itself(connection):
        raise ConfigurationError("This connection is in AUTOCOMMIT mode: there is no transaction to migrate in.")


@contextmanager
def placed(connection: sa.Connection, location: Location) -> Iterator[None]:
    """Let the statements of the block act on the tables at a location, without time limits of the service.

    On an error the settings remain until the transaction or savepoint is rolled back.
    """
    with _renamed(connection, location), _configured(connection, _settings(connection, location)):
        yield


def _settings(connection: sa.Connection, location: Location) -> Mapping[str, str]:
    if location.schema is None:
        return _LIMITS
    if not sa.inspect(connection).has_schema(location.schema):
        raise ConfigurationError(f"There is no schema {location.schema!r} in the database: create it first.")
    return _LIMITS | {"search_path": connection.dialect.identifier_preparer.quote_identifier(location.schema)}


@contextmanager
def _configured(connection: sa.Connection, settings: Mapping[str, str]) -> Iterator[None]:
    if connection.dialect.name != "postgresql":
        yield
        return
    before = connection.execute(sa.select(*map(sa.func.current_setting, settings))).one()
    _configure(connection, settings)
    yield
    _configure(connection, dict(zip(settings, before, strict=True)))


def _configure(connection: sa.Connection, settings: Mapping[str, str]) -> None:
    """Change settings for the rest of the transaction; behind PgBouncer they reach no other client."""
    connection.execute(sa.select(*(sa.func.set_config(name, value, sa.true()) for name, value in settings.items())))


@contextmanager
def _renamed(connection: sa.Connection, location: Location) -> Iterator[None]:
    if location.prefix == PREFIX:
        yield
        return

    def rename(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        return location.rename(statement), parameters

    sa.event.listen(connection, "before_cursor_execute", rename, retval=True)
    try:
        yield
    finally:
        sa.event.remove(connection, "before_cursor_execute", rename)
