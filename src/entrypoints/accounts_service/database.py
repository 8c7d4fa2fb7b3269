"""Migrate the database of the service, and check that its tables are those of this release."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import ConfigurationError, Unavailable
from accounts_service.database_url import DatabaseUrl
from accounts_service.errors import ServiceError
from accounts_service.settings import Settings
from accounts_sql import DatabaseStatus, database_status, migrate, migration_sql


def migrate_database(settings: Settings) -> str:
    """Create or migrate the tables, and return a line with the outcome.

    Raises:
        ServiceError: The database cannot be migrated.

    """
    url = settings.database_url
    if url.file is not None:
        _create_private(url.file)
    with translate_errors(url, "migrated"):
        status = database_status(url.text, **settings.tables)
        if status.is_served:
            return f"{url} is up to date.{f' WARNING: {status.notice}' if status.notice else ''}"
        migrate(url.text, **settings.tables)
    return f"{url} is migrated."


def print_migration(settings: Settings, start: str) -> str:
    """Return the SQL of the migration from the revision `start`, for the database of the settings.

    Raises:
        ServiceError: The revision is unknown, or one has to read rows of the database.

    """
    url = settings.database_url
    with translate_errors(url, "migrated"):
        return migration_sql("postgresql" if url.file is None else "sqlite", start=start, **settings.tables)


def _create_private(file: Path) -> None:
    """Create an empty file that only its owner may read: it will hold password hashes."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise ServiceError(f"ACCOUNTS_DATABASE_URL: {file} cannot be written: {error.strerror}.") from error


def _require_writable(file: Path) -> None:
    """Raise `ServiceError` unless this user may write the file and its folder, where SQLite keeps its journal.

    SQLite opens a read-only database or refuses it, depending on whether another process has it open.
    """
    for path, mode in ((file, os.R_OK | os.W_OK), (file.parent, os.W_OK | os.X_OK)):
        if not os.access(path, mode):
            raise ServiceError(f"ACCOUNTS_DATABASE_URL: {path} cannot be written: Permission denied.")


def require_migrated(settings: Settings) -> DatabaseStatus:
    """Raise `ServiceError` unless this release can serve the tables; return their revision."""
    url = settings.database_url
    # connecting to an SQLite file that does not exist would create it
    if url.file is not None and not url.file.exists():
        raise ServiceError(f"There is no database {url} yet: run `accounts migrate` or `accounts serve` to create it.")
    if url.file is not None:
        _require_writable(url.file)
    with translate_errors(url, "used"):
        status = database_status(url.text, **settings.tables)
    if status.is_served:
        return status
    if status.notice:
        raise ServiceError(f"{url} cannot be used: {status.notice}")
    raise ServiceError(f"The tables in {url} are not those of this release: run `accounts migrate`.")


async def require_connection(engine: AsyncEngine, url: DatabaseUrl) -> None:
    """Raise `ServiceError` unless the asynchronous driver connects, too: it parses the URL's parameters anew."""
    with translate_errors(url, "used"):
        async with engine.connect():
            pass


@contextmanager
def translate_errors(url: DatabaseUrl, done: str) -> Iterator[None]:
    """Turn any failure of the database into a `ServiceError` with its URL and the driver's reason.

    Args:
        url: The database, shown without its password.
        done: Completes "cannot be", as in "migrated".

    """
    try:
        with warnings.catch_warnings():
            # SQLAlchemy ignores a parameter that it does not know; the operator meant it
            warnings.simplefilter("error", SAWarning)
            yield
    except Unavailable as error:
        raise ServiceError(f"{url}: {error}{_reason(url, error.__cause__)}") from error
    except ConfigurationError as error:
        # the tables belong to a newer release or to another program
        raise ServiceError(f"{url} cannot be {done}: {_first_line(url, error)}") from error
    except (SQLAlchemyError, OSError) as error:
        raise ServiceError(f"{url} cannot be {done}{_reason(url, error)}") from error
    except (TypeError, ValueError, LookupError, SAWarning) as error:
        # drivers raise these for a parameter that they cannot parse or do not know
        raise ServiceError(
            f"ACCOUNTS_DATABASE_URL: {url}: its parameters cannot be read{_reason(url, error)}"
        ) from error


def _reason(url: DatabaseUrl, cause: BaseException | None) -> str:
    text = "" if cause is None else _first_line(url, getattr(cause, "orig", None) or cause)
    return f" ({text})" if text else ""


def _first_line(url: DatabaseUrl, error: BaseException) -> str:
    return url.conceal((str(error).splitlines() or [""])[0])
