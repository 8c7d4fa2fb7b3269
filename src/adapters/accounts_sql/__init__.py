"""Accounts on SQLite and PostgreSQL, through SQLAlchemy Core: statements once, four drivers.

    engine = create_engine("sqlite:///accounts.db")         # or postgresql://...
    migrate(engine)
    accounts = BlockingAccounts(store=SqlStore(engine), ...)

    engine = create_async_engine("postgresql://...")        # asyncpg
    await migrate_async(engine)
    accounts = Accounts(store=AsyncSqlStore(engine), ...)

A store takes a host's own engine as well, or a host's open connection, and then rides in the host's transaction.
"""

from .async_store import AsyncSqlStore
from .engines import create_async_engine, create_engine, prepare
from .migrating import current_revision, head_revision, is_current, is_current_async, migrate, migrate_async
from .rate_limiter import AsyncSqlRateLimiter, SqlRateLimiter
from .store import SqlStore
from .tables import metadata
from .translation import OutcomeUnknown
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
