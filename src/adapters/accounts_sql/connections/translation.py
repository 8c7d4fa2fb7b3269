"""From the errors of SQLAlchemy and of four drivers to the core's.

Who was first is a `Conflict`, a database that cannot answer is `Unavailable`, a value it will not take is `Invalid`,
and a database that was never made ready, or a statement it does not understand, is a `ConfigurationError`.

PostgreSQL's five-letter codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLite's names: https://www.sqlite.org/rescode.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from accounts_core.errors import AccountsError, ConfigurationError, Conflict, Invalid, Unavailable

E = TypeVar("E", bound=BaseException)


class OutcomeUnknown(Unavailable):
    """The connection broke during the commit: the unit took effect as a whole, or not at all. Read to find out."""

    def __init__(self) -> None:
        super().__init__("The connection to the database broke while the unit was being committed.")


_LOST_RACE: Final = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock timeout, or NOWAIT
    "0A000",  # a cached plan that a migration has made stale: prepared anew the next time
    "SQLITE_BUSY_SNAPSHOT",  # read before another's commit, and wanted to write after it
}
_AWAY: Final = {
    "08",  # the connection
    "25006",  # read only: a standby, after a failover
    "53",  # out of disk, memory or connections
    "57",  # shut down, starting up, statement timeout
    "58",  # the system beneath
    "XX",  # broken files
    "SQLITE_BUSY",
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
"""asyncpg's, no database's: of several hosts none takes writes, as in the middle of a failover."""
_NOT_THERE: Final = {"42P01", "42703", "3F000"}


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database raises inside into the core's errors. Wrap nothing of a host's in it."""
    try:
        yield
    except Exception as error:
        if (ours := translate(error)) is None:
            raise
        raise ours from bare(error)


@contextmanager
def committing() -> Iterator[None]:
    """Do as `translated` does, and tell a broken connection, which leaves the outcome open, from a refusal."""
    try:
        yield
    except Exception as error:
        if is_broken(error):
            raise OutcomeUnknown from bare(error)
        if (ours := translate(error)) is None:
            raise
        raise ours from bare(error)


def bare(error: E) -> E:
    """Return an error and what caused it without their frames, and without the connection that failed.

    Those of a driver that connects hold the database's password, and an error reporter looks into frames. Where in our
    own code it was, the error that takes its place says.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        each.__traceback__ = None
        if "_pgconn" in vars(each):
            vars(each)["_pgconn"] = None  # psycopg's, with every parameter of the connection that did not come about
        each = each.__cause__ or each.__context__
    return error


def translate(error: BaseException) -> AccountsError | None:
    """Return the core's error for a database's; None for what is no database's."""
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
    if isinstance(error, sa.exc.SQLAlchemyError):
        return ConfigurationError(f"The database does not understand: {cause}")
    return None


def is_broken(error: BaseException) -> bool:
    """Say whether the connection is lost, or never came about."""
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
    """Say whether a unique value of this column was there already. `conflict` is what `translated` raised."""
    # PostgreSQL names the constraint, which ends with its last column, as does what SQLite says
    return conflict.__cause__ is not None and _rule(_driver_error(conflict.__cause__)).endswith(column)


def _by_code(code: str, cause: BaseException) -> AccountsError:
    base = code if not code.startswith("SQLITE_") else "_".join(code.split("_")[:2])
    if code in _LOST_RACE:
        return Conflict("Somebody else was first.")
    if code.startswith("23") or base == "SQLITE_CONSTRAINT":
        return Conflict(f"Somebody else was first, or what this refers to is gone: {_rule(cause)}.")
    if code in _AWAY or code[:2] in _AWAY or base in _AWAY:
        return Unavailable("The database cannot answer now.")
    if code.startswith("22") or base in {"SQLITE_TOOBIG", "SQLITE_MISMATCH"}:
        return Invalid("value", "This cannot be stored.")
    if code in _NOT_THERE or "no such table" in str(cause) or "no such column" in str(cause):
        return ConfigurationError(f"The accounts' tables are missing or old; run the migrations: {cause}")
    return ConfigurationError(f"The database does not understand: {cause}")


def _driver_error(error: BaseException) -> BaseException:
    if isinstance(error, sa.exc.StatementError) and error.orig is not None:
        error = error.orig
    # on asyncpg SQLAlchemy puts a DB-API of its own in between; what the driver said is beneath
    return error.driver_exception if isinstance(error, sa.exc.EmulatedDBAPIException) else error


def _code(cause: BaseException) -> str | None:
    for name in ("sqlstate", "sqlite_errorname"):
        code: Any = getattr(cause, name, None)
        if isinstance(code, str):
            return code
    return None


def _rule(cause: Any) -> str:
    # asyncpg; psycopg; SQLite names the columns in its message
    name = getattr(cause, "constraint_name", None) or getattr(getattr(cause, "diag", None), "constraint_name", None)
    return str(name or cause)


def _is_called(name: str, error: BaseException) -> bool:
    """Compare by name: PEP 249 gives every driver's errors the same ones, and no driver has to be imported for it."""
    return any(kind.__name__ == name for kind in type(error).__mro__)
