"""The host's database for tests. Imported only by tests that use it, because it needs the extra `sql`."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement

from accounts_core.errors import ConfigurationError
from accounts_sql import AsyncSqlStore, SqlStore, create_async_engine, create_engine, migrate, tables_for

from .kit import Facades, Parts

VARIABLE: Final = "ACCOUNTS_TEST_DATABASE_URL"
Url: TypeAlias = str | sa.URL

NO_URL: Final = f"""\
No database is named for the accounts of this test. Set {VARIABLE}, or name it in your conftest.py:

    @pytest.fixture(scope="session")
    def accounts_database_url():
        return "postgresql://localhost/shop_test"  # or sqlite:///shop_test.db; it has to be empty
"""
_NOT_EMPTY: Final = """\
The database {url} holds {rows} in the table {table}, so these tests do not touch it: afterwards it would be empty.
Name a database that is for tests only. If this is one, and an earlier run was killed, let it be emptied:

    @pytest.fixture(scope="session")
    def accounts_database_may_be_emptied():
        return True
"""
_LOOP: Final = (
    "`accounts_on_database` blocks the thread, and an event loop runs in it: use `async_accounts_on_database`."
)
_DUPLICATE_DATABASE: Final = "42P04"
_OPEN: Final = """\
After a test the rows of the accounts are deleted, and a transaction of yours that is still open keeps them. End it in a
fixture that asks for `accounts_database_cleaned`, which then ends first. The database says: {said}
"""
_PATIENCE: Final = "5s"
"""The time that PostgreSQL waits for such a transaction; SQLite waits as long."""
_KEPT: Final = ("counters", "alembic_version")
"""Tables that are not emptied: numbers that are not used again, and the revision."""


@attrs.frozen(kw_only=True)
class AccountsDatabase:
    """The database of a test run, with the tables of the accounts. Under pytest-xdist each worker has its own."""

    url: sa.URL
    """Its URL, also for your own engine."""
    engine: sa.Engine
    """An engine of the kit, with a driver that needs no event loop."""
    tables: Mapping[str, Any]
    """Prefix and schema of the tables (`accounts_database_tables`)."""

    def async_engine(self) -> AsyncEngine:
        """Return a new engine for event loops. It keeps no connection, so nothing is left open on a test's loop."""
        return create_async_engine(self.url, poolclass=sa.NullPool)

    def facades(self, parts: Parts) -> Facades:
        """Return facades over this database."""
        return Facades(
            parts,
            SqlStore(self.engine, parts.subscribers, **self.tables),
            guarded=_GuardedStore(self.engine, parts.subscribers, **self.tables),
            asynchronous=AsyncSqlStore(self.async_engine(), parts.subscribers, **self.tables),
        )

    def require_empty(self) -> None:
        """Stop the tests if a table of the accounts has rows. The database may be of an earlier release.

        Raises:
            pytest.UsageError: One has.

        """
        with self.engine.connect() as connection:
            inspector = sa.inspect(connection)
            for table in self._emptied():
                if not inspector.has_table(table.name, schema=table.schema):
                    continue
                count = connection.scalar(sa.select(sa.func.count()).select_from(table))
                if count:
                    rows = "1 row" if count == 1 else f"{count} rows"
                    raise pytest.UsageError(
                        _NOT_EMPTY.format(url=self.url.render_as_string(), rows=rows, table=table.name)
                    )

    def empty(self) -> None:
        """Delete every row of the accounts.

        Raises:
            pytest.UsageError: Rows of the host application refer to them, or a transaction of its own is open.

        """
        try:
            with self.engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
                for table in self._emptied():
                    connection.execute(table.delete())
        except sa.exc.IntegrityError as error:
            raise pytest.UsageError(
                "After a test the rows of the accounts are deleted, and rows of yours refer to them. Delete yours in a"
                " fixture that asks for `accounts_database_cleaned`, which then ends first. The database says:"
                f" {error.orig}"
            ) from error
        except sa.exc.OperationalError as error:
            raise pytest.UsageError(_OPEN.format(said=error.orig)) from error

    def _emptied(self) -> list[sa.Table]:
        metadata = tables_for(**self.tables).metadata_on(self.engine.dialect.name)
        return [table for table in reversed(metadata.sorted_tables) if not table.name.endswith(_KEPT)]


class _GuardedStore(SqlStore):
    """A store that refuses to block an event loop, where a test would wait for itself."""

    def begin(self) -> Any:
        _refuse_on_a_loop()
        return super().begin()

    def reader(self) -> Any:
        _refuse_on_a_loop()
        return super().reader()


def _refuse_on_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(_LOOP)


@contextmanager
def opened(
    url: Url, *, worker: str | None, folder: Path, tables: Mapping[str, Any], may_be_emptied: bool
) -> Iterator[AccountsDatabase]:
    """Check that the database is empty or may be emptied, and migrate it; afterwards it is empty.

    Args:
        url: The host's URL. For SQLite in memory a file in `folder` is used, which all engines can open.
        worker: The id of a worker of pytest-xdist, which gets a database of its own; None for the only process.
        folder: A temporary folder.
        tables: Prefix and schema.
        may_be_emptied: Whether a database with rows in it is emptied.

    """
    try:
        place = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise pytest.UsageError("`accounts_database_url` is not the URL of a database.") from None
    is_sqlite = place.get_backend_name() == "sqlite"
    if is_sqlite and place.database in {None, "", ":memory:"}:
        place = place.set(database=str(folder / "accounts.db"))
    with _of_worker(place, worker) as place:
        with _connecting(place):
            engine = create_engine(place)
            if is_sqlite:
                sa.event.listen(engine, "connect", _without_waiting)
            engine.connect().close()
        try:
            database = AccountsDatabase(url=place, engine=engine, tables=tables)
            if not may_be_emptied:
                database.require_empty()  # before the migration, which would change a database that is not for tests
            migrate(engine, **tables)
            database.empty()
            yield database
        finally:
            engine.dispose()


@contextmanager
def _connecting(url: sa.URL) -> Iterator[None]:
    """Say that a database cannot be opened, without a traceback, in whose frames the password is shown.

    Raises:
        pytest.fail.Exception: It cannot.

    """
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.NoSuchModuleError, ConfigurationError) as error:
        reason = getattr(error, "orig", error)
        pytest.fail(f"The database {url.render_as_string()} cannot be opened: {reason}", pytrace=False)


@contextmanager
def _of_worker(url: sa.URL, worker: str | None) -> Iterator[sa.URL]:
    """Return the URL of the worker's own database, which is created for it on PostgreSQL and dropped in the end."""
    name = url.database
    if worker is None or name is None or name.removesuffix(".db").endswith(worker):
        yield url
        return
    if url.get_backend_name() == "sqlite":
        file = Path(name)
        yield url.set(database=str(file.with_name(f"{file.stem}_{worker}{file.suffix}")))
        return
    own = f"{name}_{worker}"
    with _connecting(url):
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        engine.connect().close()
    is_new = True
    try:
        with engine.connect() as connection:
            connection.execute(_Database("CREATE DATABASE {}", own))
    except sa.exc.ProgrammingError as error:
        is_new = False
        if _sqlstate(error) != _DUPLICATE_DATABASE:
            raise pytest.UsageError(
                f"Under pytest-xdist each worker has a database of its own, and {own} cannot be created: {error.orig}"
                " Let `accounts_database_url` return another URL for each `worker_id`, whose name ends with it."
            ) from error
    try:
        yield url.set(database=own)
    finally:
        if is_new:
            with engine.connect() as connection:
                connection.execute(_Database("DROP DATABASE {} WITH (FORCE)", own))


def _sqlstate(error: sa.exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)  # psycopg, psycopg2


class _Database(ExecutableDDLElement):
    """Creation or removal of a database; `statement` has a place for its name."""

    def __init__(self, statement: str, name: str) -> None:
        self.statement = statement
        self.name = name


@compiles(_Database)
def _compiled(element: _Database, compiler: Any, **_: Any) -> str:
    return element.statement.format(compiler.preparer.quote(element.name))


def _without_waiting(connection: Any, _: object) -> None:
    """Let SQLite not wait for the disk: no test is about a power failure."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()
