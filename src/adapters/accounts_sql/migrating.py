"""Running the migrations.

All migrations run in one transaction, so a failed one leaves the database unchanged, on SQLite as well. Concurrent
calls wait for each other, and the later ones find nothing to do.

The revision is stored in `accounts_alembic_version`, separate from the host application's migrations.
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
"""Key of PostgreSQL's advisory lock for migrations. Arbitrary, but it must not change between releases."""
_PATIENCE: Final = "10s"
"""Lock timeout of a migration for a table in use."""


def configuration() -> dict[str, Any]:
    """Return Alembic's settings, for `context.configure`."""
    return {
        "target_metadata": [metadata, sqlite_metadata],
        "version_table": VERSION_TABLE,
        # SQLite's DDL is transactional; Alembic's default is for drivers that commit before DDL
        "transactional_ddl": True,
    }


def migrate(source: str | sa.URL | sa.Engine, revision: str = "head", *, schema: str | None = None) -> None:
    """Upgrade or downgrade the database to `revision`: `head`, `base` (no tables), or the id of a revision.

    `source` is a URL as for `create_engine`, or an engine. `schema`, on PostgreSQL, must exist.
    Raises `Unavailable` if the database is unavailable, and `ConfigurationError` for an unknown revision.
    """
    with _engine(source) as engine, transaction(engine) as connection:
        _migrate(connection, revision, schema)


async def migrate_async(engine: AsyncEngine, revision: str = "head", *, schema: str | None = None) -> None:
    """Upgrade or downgrade the database on an event loop. See `migrate`."""
    protect(engine)
    async with async_transaction(engine) as connection, without_time_limit(connection):
        await connection.run_sync(_migrate, revision, schema)


def current_revision(source: str | sa.URL | sa.Engine, *, schema: str | None = None) -> str | None:
    """Return the database's revision; None if it was never migrated. Raises `Unavailable`."""
    with _engine(source) as engine, translated(), engine.connect() as connection:
        return _current_revision(connection, schema)


def is_current(source: str | sa.URL | sa.Engine, *, schema: str | None = None) -> bool:
    """Return whether the database is at the newest revision. Raises `Unavailable`."""
    return current_revision(source, schema=schema) == head_revision()


async def is_current_async(engine: AsyncEngine, *, schema: str | None = None) -> bool:
    """Return whether the database is at the newest revision, on an event loop. See `is_current`."""
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
            f"The database's revision or the requested revision is unknown to this version: {error}"
        ) from error


def _take_turns(connection: sa.Connection) -> None:
    """Wait for concurrent migrations. On SQLite the transaction is the only writer already."""
    if connection.dialect.name != "postgresql":
        return
    with translated():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        # while the migration waits for a table, later statements queue behind it
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")


def _current_revision(connection: sa.Connection, schema: str | None) -> str | None:
    """Set the search path to `schema` for the rest of the transaction, and return its revision."""
    with translated():
        if schema is not None:
            quoted = connection.dialect.identifier_preparer.quote(schema)
            connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
        _require_unicode(connection)
        heads = MigrationContext.configure(connection, opts=configuration()).get_current_heads()
    if len(heads) > 1:
        raise ConfigurationError(f"The table {VERSION_TABLE} has {len(heads)} rows; it must have one.")
    return heads[0] if heads else None


def _require_unicode(connection: sa.Connection) -> None:
    """Raise `ConfigurationError` unless the database stores any text.

    Other encodings than UTF8 reject some characters, and SQL_ASCII validates nothing.
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
