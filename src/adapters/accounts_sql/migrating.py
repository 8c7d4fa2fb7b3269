"""Bringing a database's tables to the version that this package needs.

The migrations run in one transaction: a failed one leaves the database as it was, on SQLite as well. Processes that
start together wait for each other, and those that come second find nothing left to do.

The version is kept in a table of its own, `accounts_alembic_version`, so a host's migrations are not disturbed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import ConfigurationError

from .connections.engines import create_engine
from .connections.forking import protect
from .connections.hosts import without_time_limit
from .connections.transactions import async_transaction, transaction
from .connections.translation import translated
from .tables import metadata, sqlite_metadata

VERSION_TABLE: Final = "accounts_alembic_version"
_LOCK: Final = 4_706_230_815_199_305_843
"""Which advisory lock on PostgreSQL means that the accounts are being migrated: any number, as long as it stays."""
_PATIENCE: Final = "10s"
"""How long a migration waits for a table that others use."""


def configuration() -> dict[str, Any]:
    """Return Alembic's settings, for `context.configure`."""
    return {
        "target_metadata": [metadata, sqlite_metadata],
        "version_table": VERSION_TABLE,
        # SQLite's DDL is transactional; what Alembic guards against is a driver that commits before it
        "transactional_ddl": True,
    }


def migrate(source: str | sa.URL | sa.Engine, revision: str = "head", *, schema: str | None = None) -> None:
    """Bring the database to `revision`: `head`, `base` (no tables at all), or a revision's id, newer or older.

    `source` is a URL as `create_engine` takes it, or an engine. `schema`, on PostgreSQL, has to exist.
    Raises `Unavailable` when the database is away, and `ConfigurationError` for a revision that this package does not
    know.
    """
    with _engine(source) as engine, transaction(engine) as connection:
        _migrate(connection, revision, schema)


async def migrate_async(engine: AsyncEngine, revision: str = "head", *, schema: str | None = None) -> None:
    """Do as `migrate` does, on an event loop."""
    protect(engine)
    async with async_transaction(engine) as connection, without_time_limit(connection):
        await connection.run_sync(_migrate, revision, schema)


def current_revision(source: str | sa.URL | sa.Engine, *, schema: str | None = None) -> str | None:
    """Return the database's revision; None when it was never migrated. Raises `Unavailable`."""
    with _engine(source) as engine, translated(), engine.connect() as connection:
        return _current_revision(connection, schema)


def is_current(source: str | sa.URL | sa.Engine, *, schema: str | None = None) -> bool:
    """Say whether `migrate(source)` would find nothing to do. Raises `Unavailable`."""
    return current_revision(source, schema=schema) == head_revision()


async def is_current_async(engine: AsyncEngine, *, schema: str | None = None) -> bool:
    """Do as `is_current` does, on an event loop."""
    protect(engine)
    with translated():
        async with engine.connect() as connection:
            return await connection.run_sync(_current_revision, schema) == head_revision()


def head_revision() -> str | None:
    """Return the newest revision that this package knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _migrate(connection: sa.Connection, revision: str, schema: str | None) -> None:
    _take_turns(connection)
    config = _config()
    config.attributes["connection"] = connection
    behind = _is_behind(revision, _current_revision(connection, schema))
    run = command.downgrade if behind else command.upgrade
    try:
        with translated():
            run(config, revision)
    except CommandError as error:
        raise ConfigurationError(
            f"The database, or the revision asked for, is not one that this version knows: {error}"
        ) from error


def _take_turns(connection: sa.Connection) -> None:
    """Wait until nobody else migrates. On SQLite the transaction itself saw to that: it is the only writer."""
    if connection.dialect.name != "postgresql":
        return
    with translated():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        # a table that is busy for longer would hold up everybody who queues behind the migration
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")


def _current_revision(connection: sa.Connection, schema: str | None) -> str | None:
    """Look first in `schema`, for the rest of the transaction; return its revision."""
    with translated():
        if schema is not None:
            quoted = connection.dialect.identifier_preparer.quote(schema)
            connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
        _require_unicode(connection)
        heads = MigrationContext.configure(connection, opts=configuration()).get_current_heads()
    if len(heads) > 1:
        raise ConfigurationError(f"The table {VERSION_TABLE} has {len(heads)} rows, and there is one version.")
    return heads[0] if heads else None


def _require_unicode(connection: sa.Connection) -> None:
    """Raise `ConfigurationError` unless the database stores any text.

    Other encodings than UTF8 refuse some characters, and SQL_ASCII checks nothing.
    """
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigurationError(f"The database's encoding is {encoding}; the accounts need UTF8.")


def _is_behind(revision: str, current: str | None) -> bool:
    if current is None or revision == "head":
        return False
    newest_first = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    older = newest_first[newest_first.index(current) + 1 :] if current in newest_first else []
    return revision == "base" or revision in older


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@contextmanager
def _engine(source: str | sa.URL | sa.Engine) -> Iterator[sa.Engine]:
    if isinstance(source, sa.Engine):
        protect(source)
        yield source
        return
    engine = create_engine(source)
    try:
        yield engine
    finally:
        engine.dispose()
