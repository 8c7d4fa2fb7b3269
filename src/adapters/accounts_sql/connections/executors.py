"""Execution of statements on a synchronous or an asynchronous connection."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_core.errors import AccountsError, AnswerMismatch, Conflict
from accounts_core.model.text import check_storable
from accounts_sql.statements.queries import Query, Rows, translation
from accounts_sql.tables.location import PREFIX, Location

from .driver_settings import driver_defaults, driver_of
from .references import explained_delete
from .renaming import LOCATION
from .shielding import retried_while_locked, shielded
from .transactions import begin_again
from .translation import StaleStatement, translated

T = TypeVar("T")

Statement: TypeAlias = sa.Insert | sa.Update | sa.Delete


class RowFetcher(Protocol):
    """Executor of reads."""

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        """Run the query with these parameters and decode its rows."""
        ...


class Executor(RowFetcher, Protocol):
    """Executor of the statements of one transaction."""

    may_begin_again: bool
    """Whether the transaction may be begun again, because nothing was done in it yet."""

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
    def __init__(self, location: Location, *, may_begin_again: bool) -> None:
        self.failure: AccountsError | None = None
        self.may_begin_again = may_begin_again
        """Whether nothing was done in the transaction yet, and it is not the host application's."""
        self._options: dict[str, Any] = {
            "preserve_rowcount": True,  # SQLAlchemy keeps the row count of an INSERT only on request
            # the host application may have asked for server-side cursors on its engine or connection
            "stream_results": False,
            "yield_per": None,
        }
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

    def _fetched(self, result: sa.CursorResult[Any]) -> Rows:
        try:
            with translated():
                return result.fetchall()
        except AccountsError as error:
            self._remember(error)
            raise

    def _remember(self, error: AccountsError) -> None:
        self.failure = self.failure or error


class SyncExecutor(_Executing):
    """Executor on a `Connection`. Never suspends."""

    def __init__(self, connection: sa.Connection, location: Location, *, may_begin_again: bool = False) -> None:
        super().__init__(location, may_begin_again=may_begin_again)
        self._connection = connection
        self.dialect = connection.dialect.name

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        with self._with_defaults():
            rows = self._fetched(self._execute(query.statement, values))
        try:
            query.check(rows, values)
        except AnswerMismatch as error:
            self._remember(error)
            self._connection.invalidate(error)
            raise
        return query.decode(rows)

    async def run(self, statement: Statement, /, **values: Any) -> int:
        with self._with_defaults():
            return self._execute(statement, values).rowcount

    def _with_defaults(self) -> AbstractContextManager[None]:
        try:
            with translated():
                return driver_defaults(driver_of(self._connection), self._connection.dialect.driver)
        except AccountsError as error:
            self._remember(error)
            raise

    def _execute(self, statement: Any, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        try:
            self._check(statement, values)
            try:
                with translated():
                    return self._connection.execute(statement, values, execution_options=self._options)
            except StaleStatement:
                if not self.may_begin_again:
                    raise
            with translated():
                begin_again(self._connection)
                return self._connection.execute(statement, values, execution_options=self._options)
        except AccountsError as error:
            self._remember(error)
            raise
        finally:
            self.may_begin_again = False

    async def explained(self, conflict: Conflict, parent: str, id: int) -> Conflict:
        return explained_delete(self._connection, conflict, self._location.rename(parent), id)


class AsyncExecutor(_Executing):
    """Executor on an `AsyncConnection`."""

    def __init__(self, connection: AsyncConnection, location: Location, *, may_begin_again: bool = False) -> None:
        super().__init__(location, may_begin_again=may_begin_again)
        self._connection = connection
        self.dialect = connection.dialect.name

    async def fetch(self, query: Query[T], /, **values: Any) -> T:
        with self._with_defaults():
            rows = self._fetched(await self._execute(query.statement, values))
        try:
            query.check(rows, values)
        except AnswerMismatch as error:
            self._remember(error)
            await shielded(self._connection.invalidate(error))
            raise
        return query.decode(rows)

    async def run(self, statement: Statement, /, **values: Any) -> int:
        with self._with_defaults():
            return (await self._execute(statement, values)).rowcount

    def _with_defaults(self) -> AbstractContextManager[None]:
        try:
            with translated():
                connection = self._connection.sync_connection
                assert connection is not None
                return driver_defaults(driver_of(connection), connection.dialect.driver)
        except AccountsError as error:
            self._remember(error)
            raise

    async def _execute(self, statement: Any, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        try:
            self._check(statement, values)
            try:
                with translated():
                    step = self._connection.execute(statement, values, execution_options=self._options)
                    return await retried_while_locked(self._connection.dialect, step)
            except StaleStatement:
                if not self.may_begin_again:
                    raise
            with translated():
                await self._connection.run_sync(begin_again)
                result: sa.CursorResult[Any] = await self._connection.execute(
                    statement, values, execution_options=self._options
                )
                return result
        except AccountsError as error:
            self._remember(error)
            raise
        finally:
            self.may_begin_again = False

    async def explained(self, conflict: Conflict, parent: str, id: int) -> Conflict:
        return await self._connection.run_sync(explained_delete, conflict, self._location.rename(parent), id)


_sync: type[Executor] = SyncExecutor
_async: type[Executor] = AsyncExecutor
