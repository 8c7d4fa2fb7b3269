"""Indexes on tables that are in use.

PostgreSQL's CREATE INDEX blocks writes to the table until it has read it. CREATE INDEX CONCURRENTLY does not, but runs
outside of transactions, and leaves an invalid index if it is interrupted:
https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY

A revision lists such indexes as `indexes`, and its `upgrade` calls `create` for each. `migrate` on an engine builds
them first and commits; `create` then finds them. Everywhere else `create` makes an ordinary index in the transaction:
on SQLite, in a transaction of the host application, and through a PgBouncer that pools transactions.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import attrs
import sqlalchemy as sa
from alembic.operations import Operations

from accounts_sql.connections.hosts import without_time_limit
from accounts_sql.connections.translation import translated
from accounts_sql.tables.location import Location

from .placing import LOCK, pause

_log: Final = logging.getLogger("accounts_sql")


@attrs.frozen
class NewIndex:
    """An index that a revision adds to an existing table. `where` is the condition of a partial index."""

    name: str
    table: str
    columns: Sequence[str]
    unique: bool = False
    where: sa.TextClause | None = attrs.field(default=None, eq=False)

    def create(self, op: Operations) -> None:
        """Create the index in the transaction, unless it was built before it. A warning says that writers wait."""
        context = op.get_context()
        if context.dialect.name == "postgresql" and not context.as_sql:
            connection = op.get_bind()
            assert isinstance(connection, sa.Connection)
            found = self.is_valid(connection, context.opts["accounts_location"])
            if found:
                return
            if found is False:
                self.drop(op)
            table = sa.table(self.table)
            if connection.execute(sa.select(sa.select(sa.literal(1)).select_from(table).exists())).scalar_one():
                _log.warning(
                    "The index %s is made in this transaction: writes to %s wait until it is committed.",
                    self.name,
                    self.table,
                )
        where: dict[str, Any] = {"sqlite_where": self.where, "postgresql_where": self.where}
        op.create_index(self.name, self.table, list(self.columns), unique=self.unique, **where)

    def drop(self, op: Operations) -> None:
        """Drop the index in the transaction."""
        op.drop_index(self.name, self.table)

    def is_valid(self, connection: sa.Connection, location: Location) -> bool | None:
        """Return whether the index can be used; None if there is none."""
        quote = connection.dialect.identifier_preparer.quote_identifier
        parts = [location.schema, location.rename(self.name)]
        name = ".".join(quote(part) for part in parts if part is not None)
        index = sa.table("pg_index", sa.column("indisvalid"), sa.column("indexrelid"))
        query = sa.select(index.c.indisvalid).where(index.c.indexrelid == sa.func.to_regclass(name))
        valid: bool | None = connection.execute(query).scalar_one_or_none()
        return valid

    def build(self, connection: sa.Connection, location: Location) -> None:
        """Build the index outside of transactions, again if an earlier attempt was interrupted."""
        valid = self.is_valid(connection, location)
        if valid:
            return
        columns: list[sa.Column[Any]] = [sa.Column(name) for name in self.columns]
        table = sa.Table(location.rename(self.table), sa.MetaData(), *columns, schema=location.schema)
        index = sa.Index(
            location.rename(self.name),
            *columns,
            unique=self.unique,
            postgresql_where=self.where,
            postgresql_concurrently=True,
        )
        assert index.table is table
        if valid is False:
            connection.execute(sa.schema.DropIndex(index))
        connection.execute(sa.schema.CreateIndex(index))


def build_indexes(engine: sa.Engine, indexes: Sequence[NewIndex], location: Location) -> None:
    """Build indexes on an engine of PostgreSQL, one process at a time. Can be repeated after any failure."""
    with translated(), engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        with without_time_limit(connection), _alone(connection):
            for index in indexes:
                index.build(connection, location)


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Hold the migrations' lock and lift the time limits, both for the session."""
    while not connection.execute(sa.select(sa.func.pg_try_advisory_lock(LOCK))).scalar_one():
        pause(connection)
    try:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET lock_timeout = 0")
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql("RESET statement_timeout")
            connection.exec_driver_sql("RESET lock_timeout")
            connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))


def can_build(connection: sa.Connection) -> bool:
    """Return whether indexes can be built outside of transactions: on PostgreSQL, with a session of one's own.

    Without prepared statements an engine is meant for a PgBouncer that pools transactions. A lock of the session would
    stay behind on a connection of PgBouncer.
    """
    driver: Any = connection.connection.driver_connection
    match connection.dialect.driver:
        case "psycopg":
            return driver.prepare_threshold is not None
        case "asyncpg":
            return bool(driver._config.statement_cache_size)  # noqa: SLF001  asyncpg has no public way to read it
    return connection.dialect.name == "postgresql"
