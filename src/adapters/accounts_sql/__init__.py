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

    store, async_store, rate_limiter, migrating     public classes and functions
    units                                           unit of work and reader
    repositories                                    one module for each repository
    connections                                     engines, checkouts, transactions, executors, error translation
    statements                                      queries, batches, mapping of rows
    tables                                          tables and column types
    versions                                        supported versions of SQLAlchemy and Alembic
"""

from . import versions as _versions  # noqa: F401  first: it raises if a version is not supported
from .async_store import AsyncSqlStore
from .connections.engines import create_async_engine, create_engine, prepare
from .connections.translation import OutcomeUnknown
from .migrating import current_revision, head_revision, is_current, is_current_async, migrate, migrate_async
from .rate_limiter import AsyncSqlRateLimiter, SqlRateLimiter
from .store import SqlStore
from .tables import metadata
from .units import AsyncSqlUnit, SqlUnit

__all__ = [
    "AsyncSqlRateLimiter",
    "AsyncSqlStore",
    "AsyncSqlUnit",
    "OutcomeUnknown",
    "SqlRateLimiter",
    "SqlStore",
    "SqlUnit",
    "create_async_engine",
    "create_engine",
    "current_revision",
    "head_revision",
    "is_current",
    "is_current_async",
    "metadata",
    "migrate",
    "migrate_async",
    "prepare",
]
