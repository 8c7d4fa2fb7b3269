"""From the errors of SQLAlchemy and of four drivers to the core's.

Who was first is a `Conflict`, a database that cannot answer is `Unavailable`, a value it will not take is `Invalid`,
and a database that was never made ready, or a statement it does not understand, is a `ConfigurationError`.

PostgreSQL's five-letter codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLite's names: https://www.sqlite.org/rescode.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import clear_frames
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from accounts_core.errors import AccountsError, ConfigurationError, Conflict, Invalid, Unavailable

from .references import FOREIGN_KEYS, is_our_key, still_referenced

E = TypeVar("E", bound=BaseException)


class OutcomeUnknown(Unavailable):
    """The connection broke during the commit: the unit took effect completely or not at all. Read to find out."""

    def __init__(self) -> None:
        super().__init__("The connection to the database broke while the unit was being committed.")


class StaleStatement(Conflict):
    """A table was altered after the connection had prepared the statement. It is prepared again the next time."""

    def __init__(self) -> None:
        super().__init__(
            "A table was altered after this connection had prepared a statement for it. Begin the transaction again."
        )


_LOST_RACE: Final = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock timeout, or NOWAIT
    "SQLITE_BUSY_SNAPSHOT",  # write after a read that another transaction's commit made stale
}
_AWAY: Final = {
    "08",  # the connection
    "25006",  # read only: a standby, after a failover
    "53",  # out of disk, memory or connections
    "57",  # shut down, starting up, statement timeout
    "58",  # operating system
    "XX",  # internal error, corrupted data
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_INTERRUPT",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_NOLFS",
    "SQLITE_NOMEM",
    "SQLITE_NOTADB",
    "SQLITE_PROTOCOL",
    "SQLITE_READONLY",
}
_BROKEN: Final = {"08", "57P01", "57P02", "57P03"}
_NO_SUCH_HOST: Final = "TargetServerAttributeNotMatched"
"""asyncpg's own error, without an SQLSTATE: none of several hosts is writable, as during a failover."""
_NOT_THERE: Final = {"42P01", "42703", "3F000"}


@contextmanager
def translated() -> Iterator[None]:
    """Translate database errors in the block to the core's errors. Not for the host application's code."""
    try:
        yield
    except Exception as error:
        if (ours := translate(error)) is None:
            raise
        raise ours from bare(error)


@contextmanager
def committing() -> Iterator[None]:
    """Translate errors of a COMMIT: `OutcomeUnknown` for a broken connection, otherwise as `translated` does."""
    try:
        yield
    except Exception as error:
        if is_broken(error):
            raise OutcomeUnknown from bare(error)
        if (ours := translate(error)) is None:
            raise
        raise ours from bare(error)


def bare(error: E) -> E:
    """Remove tracebacks, and psycopg's connection object, from an error and its causes.

    Frames of a connecting driver hold the database's password, and error reporters record frames. The translated
    error still has the traceback of this package's code.

    Their frames are cleared as well: in aiosqlite's a cursor is left in a reference cycle. The garbage collector would
    close it at any later time in the event loop's thread, and wait there for the connection, which may be waiting for a
    lock that another task of this loop holds.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        clear_frames(each.__traceback__)
        each.__traceback__ = None
        if "_pgconn" in vars(each):
            vars(each)["_pgconn"] = None  # holds every connection parameter
        each = each.__cause__ or each.__context__
    return error


def translate(error: BaseException) -> AccountsError | None:
    """Return the core's error for a database error; None for any other error."""
    if isinstance(error, AccountsError):
        return None
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable("Every connection to the database is in use.")
    cause = _driver_error(error)
    if code := _code(cause):
        return _by_code(code, cause)
    if is_broken(error):
        return Unavailable("The database is away.")
    if _is_called("DataError", cause) or isinstance(cause, UnicodeError | OverflowError):
        return Invalid("value", "This cannot be stored.")
    if isinstance(error, NotImplementedError):  # psycopg, of a DateStyle other than ISO
        return ConfigurationError(f"The driver cannot read an answer under the connection's settings: {error}")
    if isinstance(error, sa.exc.SQLAlchemyError):
        return ConfigurationError(f"The database rejected the statement: {cause}")
    return None


def is_broken(error: BaseException) -> bool:
    """Return whether the connection was lost or could not be opened."""
    cause = _driver_error(error)
    code = _code(cause)
    if code:
        return code[:2] in _BROKEN or code in _BROKEN
    return (
        getattr(error, "connection_invalidated", False)
        or isinstance(cause, OSError)
        or any(_is_called(name, cause) for name in ("OperationalError", "InterfaceError", _NO_SUCH_HOST))
    )


def is_about(conflict: Conflict, column: str) -> bool:
    """Return whether a conflict that `translated` raised violates the unique constraint of this column."""
    # PostgreSQL's constraint name and SQLite's message both end with the last column
    return conflict.__cause__ is not None and _rule(_driver_error(conflict.__cause__)).endswith(column)


def _by_code(code: str, cause: BaseException) -> AccountsError:
    if _is_stale(code, cause):
        return StaleStatement()
    base = code if not code.startswith("SQLITE_") else "_".join(code.split("_")[:2])
    if code in _LOST_RACE:
        return Conflict("A concurrent transaction changed the same rows.")
    if code in FOREIGN_KEYS and (table := _table(cause)) is not None and not is_our_key(table, _rule(cause)):
        return still_referenced(table, _rule(cause))
    if code.startswith("23") or base == "SQLITE_CONSTRAINT":
        return Conflict(f"A unique value exists already, or a referenced row does not exist: {_rule(cause)}.")
    if base == "SQLITE_BUSY":
        return Unavailable(
            "Another transaction holds the lock of the SQLite database. If it is the application's own, call"
            " accounts.in_transaction(...) inside of it."
        )
    if code in _AWAY or code[:2] in _AWAY or base in _AWAY:
        return Unavailable("The database cannot answer now.")
    if code.startswith("22") or base in {"SQLITE_TOOBIG", "SQLITE_MISMATCH"}:
        return Invalid("value", "This cannot be stored.")
    if code == "25P02":
        return ConfigurationError(
            "An earlier statement failed in the application's transaction, so PostgreSQL accepts no more: roll it back"
            " and begin again, or put what may fail into a savepoint (begin_nested). A connection or a session is for"
            " one task at a time."
        )
    if code in _NOT_THERE or "no such table" in str(cause) or "no such column" in str(cause):
        return ConfigurationError(f"The accounts' tables are missing or old; run the migrations: {cause}")
    return ConfigurationError(f"The database rejected the statement: {cause}")


def _is_stale(code: str | None, cause: BaseException) -> bool:
    """Return whether a prepared statement failed because a table or type that it refers to was altered."""
    return (code == "0A000" and "cached" in str(cause)) or (code == "XX000" and "cache lookup failed" in str(cause))


def _driver_error(error: BaseException) -> BaseException:
    if isinstance(error, sa.exc.StatementError) and error.orig is not None:
        error = error.orig
    # on asyncpg SQLAlchemy raises an emulated DB-API error, caused by the driver's
    is_emulated = type(error).__module__.startswith("sqlalchemy.dialects.")
    return error.__cause__ if is_emulated and error.__cause__ is not None else error


def _code(cause: BaseException) -> str | None:
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):  # pgcode is psycopg2's
        code: Any = getattr(cause, name, None)
        if isinstance(code, str):
            return code
    return None


def _rule(cause: Any) -> str:
    # asyncpg; psycopg; SQLite names the columns in its message
    name = getattr(cause, "constraint_name", None) or getattr(getattr(cause, "diag", None), "constraint_name", None)
    return str(name or cause)


def _table(cause: Any) -> str | None:
    """Return the table with the foreign key that was violated, on PostgreSQL."""
    name = getattr(cause, "table_name", None) or getattr(getattr(cause, "diag", None), "table_name", None)
    return None if name is None else str(name)


def _is_called(name: str, error: BaseException) -> bool:
    """Compare by class name, which PEP 249 fixes for all drivers, so that no driver has to be imported."""
    return any(kind.__name__ == name for kind in type(error).__mro__)
