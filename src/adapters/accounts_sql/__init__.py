"""Store and rate limiter on SQLite and PostgreSQL, through SQLAlchemy Core.

    engine = create_engine("sqlite:///accounts.db")         # or postgresql://...
    migrate(engine)
    accounts = BlockingAccounts(store=SqlStore(engine), ...)

    engine = create_async_engine("postgresql://...")        # asyncpg
    await migrate_async(engine)
    accounts = Accounts(store=AsyncSqlStore(engine), ...)

A store also accepts an engine of the host application, or one of its open connections. On a connection the store joins
the host application's transaction and does not commit.

The folders are layers. Each imports only from those after it, which import-linter checks:

    store, async_store, migrating                   public classes and functions
    rate_limiter                                    rate limiters, which a store makes too
    units, migrations                               unit of work and reader; revisions and what applies them
    repositories                                    one module for each repository
    connections                                     engines, checkouts, transactions, executors, error translation
    statements                                      queries, batches, mapping of rows
    tables                                          tables and column types
    versions                                        supported versions of SQLAlchemy and Alembic
"""

try:
    from . import versions as _versions  # noqa: F401  first: it raises if a version is not supported
except ModuleNotFoundError as error:
    error.add_note(f'accounts_sql needs {error.name}: pip install "accounts-core[sql]"')
    raise
from .async_store import AsyncSqlStore
from .connections.engines import create_async_engine, create_engine, prepare
from .connections.translation import OutcomeUnknown
from .migrating import (
    current_revision,
    database_status,
    database_status_async,
    head_revision,
    is_current,
    is_current_async,
    migrate,
    migrate_async,
    migration_sql,
)
from .migrations.state import DatabaseStatus
from .rate_limiter import AsyncSqlRateLimiter, SqlRateLimiter
from .store import SqlStore
from .tables.exported import ALL, Tables, tables_for
from .units import AsyncSqlUnit, SqlUnit

metadata = ALL.metadata_on("postgresql")
"""The tables with their default names on PostgreSQL. See `tables_for`."""
include_name = ALL.include_name

__all__ = [
    "AsyncSqlRateLimiter",
    "AsyncSqlStore",
    "AsyncSqlUnit",
    "DatabaseStatus",
    "OutcomeUnknown",
    "SqlRateLimiter",
    "SqlStore",
    "SqlUnit",
    "Tables",
    "create_async_engine",
    "create_engine",
    "current_revision",
    "database_status",
    "database_status_async",
    "head_revision",
    "include_name",
    "is_current",
    "is_current_async",
    "metadata",
    "migrate",
    "migrate_async",
    "migration_sql",
    "prepare",
    "tables_for",
]
