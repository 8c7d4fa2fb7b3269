"""Execution of statements on a synchronous or an asynchronous connection."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_core.errors import AccountsError, AnswerMismatch, Conflict
from accounts_core.model.text import check_storable
from accounts_sql.statements.queries import Query, translation
from accounts_sql.tables.location import PREFIX, Location

from .references import explained_delete
from .renaming import LOCATION
from .shielding import retried_while_locked, shielded
from .translation import translated

T = TypeVar("T")

Statement: TypeAlias = sa.Insert | sa.Update | sa.Delete


class RowFetcher(Protocol):
    """Executor of reads."""

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        """Run the query with these parameters and decode its rows."""
        ...


class Executor(RowFetcher, Protocol):
    """Executor of the statements of one transaction."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def failure(self) -> AccountsError | None:
        """First error of a statement in this transaction. PostgreSQL can only roll back after it."""
        ...

    async def run(self, statement: Statement, /, **values: Any) -> int:
        """Run a statement with these parameters and return how many rows it touched."""
        ...

    async def explained(self, conflict: Conflict, parent: str, id: int) -> Conflict:
        """Return what the DELETE of one row of `parent` conflicts with. See `references.explained_delete`."""
        ...


class _Executing:
    def __init__(self, location: Location) -> None:
        self.failure: AccountsError | None = None
        # SQLAlchemy keeps the row count of an INSERT only on request
        self._options: dict[str, Any] = {"preserve_rowcount": True}
        self._location = location
        if location.schema is not None:
            self._options["schema_translate_map"] = translation(location)
        if location.prefix != PREFIX:
            self._options[LOCATION] = location

    def _check(self, statement: Any, values: Mapping[str, Any]) -> None:
        """Reject text that not every database can store, such as NUL, which SQLite accepts.

        Only column values are checked. A search for such text finds nothing and is not an error.
        """
        table: sa.Table | None = getattr(statement, "table", None)
        if table is not None:
            for name, value in values.items():
                if name in table.c:
                    check_storable(value)

    def _remember(self, error: AccountsError) -> None:
        self.failure = self.failure or error


class SyncExecutor(_Executing):
    """Executor on a `Connection`. Never suspends."""

    def __init__(self, connection: sa.Connection, location: Location) -> None:
        super().__init__(location)
        self._connection = connection
        self.dialect = connection.dialect.name

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        rows = self._execute(query.statement, values).fetchall()
        try:
            query.check(rows, values)
        except AnswerMismatch as error:
            self._remember(error)
            self._connection.invalidate(error)
            raise
        return query.decode(rows)

    async def run(self, statement: Statement, /, **values: Any) -> int:
        return self._execute(statement, values).rowcount

    def _execute(self, statement: Any, values: Mapping[str, Any]) -> sa.CursorResult[*tuple[Any, ...]]:
        try:
            self._check(statement, values)
            with translated():
                return self._connection.execute(statement, values, execution_options=self._options)
        except AccountsError as error:
            self._remember(error)
            raise

    async def explained(self, conflict: Conflict, parent: str, id: int) -> Conflict:
        return explained_delete(self._connection, conflict, self._location.rename(parent), id)


class AsyncExecutor(_Executing):
    """Executor on an `AsyncConnection`."""

    def __init__(self, connection: AsyncConnection, location: Location) -> None:
        super().__init__(location)
        self._connection = connection
        self.dialect = connection.dialect.name

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        rows = (await self._execute(query.statement, values)).fetchall()
        try:
            query.check(rows, values)
        except AnswerMismatch as error:
            self._remember(error)
            await shielded(self._connection.invalidate(error))
            raise
        return query.decode(rows)

    async def run(self, statement: Statement, /, **values: Any) -> int:
        return (await self._execute(statement, values)).rowcount

    async def _execute(self, statement: Any, values: Mapping[str, Any]) -> sa.CursorResult[*tuple[Any, ...]]:
        try:
            self._check(statement, values)
            with translated():
                step = self._connection.execute(statement, values, execution_options=self._options)
                return await retried_while_locked(self._connection.dialect, step)
        except AccountsError as error:
            self._remember(error)
            raise

    async def explained(self, conflict: Conflict, parent: str, id: int) -> Conflict:
        return await self._connection.run_sync(explained_delete, conflict, self._location.rename(parent), id)


_sync: type[Executor] = SyncExecutor
_async: type[Executor] = AsyncExecutor
