"""Migrating a database, and asking for its revision.

The revision is stored in `accounts_alembic_version`, separate from the host application's migrations. See `migrations`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from accounts_core.errors import ConfigurationError

from .connections.engines import create_async_engine, create_engine
from .connections.forking import protect
from .connections.shielding import retried_while_locked
from .connections.translation import translated
from .migrations.released import RELEASED
from .migrations.running import Migration, get_status
from .migrations.state import DatabaseStatus, require_schemas
from .tables.location import PREFIX, Location

Source: TypeAlias = str | sa.URL | sa.Engine | sa.Connection
AsyncSource: TypeAlias = str | sa.URL | AsyncEngine | AsyncConnection


def migrate(source: Source, revision: str = "head", *, schema: str | None = None, prefix: str = PREFIX) -> None:
    """Upgrade or downgrade the database. Threads and processes may call this at the same time.

    A database that a later release migrated, and that this one can serve, is left as it is, with a warning in the log.

    Args:
        source: A URL as for `create_engine`, an engine, or an open connection of the host application. In an open
            transaction of the connection nothing is committed; without one, the migration commits its own.
        revision: `head`, `base` (no tables), or the id of a revision, such as `0010`.
        schema: Schema of the tables, on PostgreSQL. It must exist.
        prefix: Beginning of the tables' names.

    Raises:
        ConfigurationError: The revision is unknown, a later release migrated the database and this one cannot serve
            it, or a name is taken by another table.
        Unavailable: The database is unavailable, or, on a connection, another process was migrating for half a minute.

    """
    migration = Migration(revision, Location(schema, prefix))
    if isinstance(source, sa.Connection):
        protect(source)
        migration.on_connection(source)
        return
    with _engine(source) as engine:
        migration.on_engine(engine)


async def migrate_async(
    source: AsyncSource, revision: str = "head", *, schema: str | None = None, prefix: str = PREFIX
) -> None:
    """Upgrade or downgrade the database on an event loop. See `migrate`."""
    migration = Migration(revision, Location(schema, prefix))
    if isinstance(source, AsyncConnection):
        protect(source)
        await retried_while_locked(source.dialect, source.run_sync(migration.on_connection))
        return
    async with _async_engine(source) as engine:
        await retried_while_locked(engine.dialect, greenlet_spawn(migration.on_engine, engine.sync_engine))


def database_status(source: Source, *, schema: str | None = None, prefix: str = PREFIX) -> DatabaseStatus:
    """Return the database's revision, and whether this code can serve it. Raises `Unavailable`."""
    location = Location(schema, prefix)
    if isinstance(source, sa.Connection):
        protect(source)
        return get_status(source, location)
    with _engine(source) as engine, translated(), engine.connect() as connection:
        return get_status(connection, location)


async def database_status_async(
    source: AsyncSource, *, schema: str | None = None, prefix: str = PREFIX
) -> DatabaseStatus:
    """Return the database's revision, on an event loop. See `database_status`."""
    location = Location(schema, prefix)
    if isinstance(source, AsyncConnection):
        protect(source)
        return await source.run_sync(get_status, location)
    async with _async_engine(source) as engine:
        with translated():
            async with engine.connect() as connection:
                return await connection.run_sync(get_status, location)


def current_revision(source: Source, *, schema: str | None = None, prefix: str = PREFIX) -> str | None:
    """Return the database's revision; None if it was never migrated. Raises `Unavailable`."""
    return database_status(source, schema=schema, prefix=prefix).revision


def is_current(source: Source, *, schema: str | None = None, prefix: str = PREFIX) -> bool:
    """Return whether this code can serve the database as it is. Raises `Unavailable`.

    It can at the newest revision that it knows, and at a later one that only added to it (see `database_status`).
    """
    return database_status(source, schema=schema, prefix=prefix).is_served


async def is_current_async(source: AsyncSource, *, schema: str | None = None, prefix: str = PREFIX) -> bool:
    """Return whether this code can serve the database as it is, on an event loop. See `is_current`."""
    return (await database_status_async(source, schema=schema, prefix=prefix)).is_served


def head_revision() -> str:
    """Return the newest revision that this package knows."""
    return RELEASED.head


def migration_sql(
    dialect: str, revision: str = "head", *, start: str = "base", schema: str | None = None, prefix: str = PREFIX
) -> str:
    """Return the statements of a migration, for a person who runs them.

    Args:
        dialect: `postgresql` or `sqlite`.
        revision: As for `migrate`.
        start: The database's revision; `base` for one without tables.
        schema: As for `migrate`.
        prefix: As for `migrate`.

    Raises:
        ConfigurationError: A revision is unknown, or one of them has to read rows of the database.

    """
    if dialect not in {"postgresql", "sqlite"}:
        raise ConfigurationError(f"There are no migrations for {dialect!r}, only for postgresql and sqlite.")
    location = Location(schema, prefix)
    require_schemas(dialect, location)
    return Migration(revision, location).as_sql(dialect, start)


@contextmanager
def _engine(source: str | sa.URL | sa.Engine) -> Iterator[sa.Engine]:
    if isinstance(source, sa.Engine):
        protect(source)
        yield source
        return
    _require_url(source, "an engine, a connection or a URL; migrate_async takes those of an event loop")
    engine = create_engine(source)
    try:
        yield engine
    finally:
        engine.dispose()


@asynccontextmanager
async def _async_engine(source: str | sa.URL | AsyncEngine) -> AsyncIterator[AsyncEngine]:
    if isinstance(source, AsyncEngine):
        protect(source)
        yield source
        return
    _require_url(source, "an AsyncEngine, an AsyncConnection or a URL; migrate takes the others")
    engine = create_async_engine(source)
    try:
        yield engine
    finally:
        await engine.dispose()


def _require_url(source: object, expected: str) -> None:
    if isinstance(source, MockConnection):
        raise ConfigurationError(
            "Alembic is offline (--sql), so there is no database to migrate. Call migrate only if not"
            " context.is_offline_mode(), and print the accounts' statements with `accounts migrate --sql` or"
            " accounts_sql.migration_sql."
        )
    if not isinstance(source, str | sa.URL):
        raise ConfigurationError(f"A migration takes {expected}. This is of type {type(source).__name__}.")
