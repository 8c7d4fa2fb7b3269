"""The database as a whole: whether it is there, and whether its tables are those of this release."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_cli.database_url import DatabaseUrl
from accounts_cli.failures import CommandFailed
from accounts_cli.settings import Settings
from accounts_core.errors import ConfigurationError, Unavailable
from accounts_sql import is_current, migrate


def migrate_database(settings: Settings) -> str:
    """Create the tables, or bring them up to date, and return a line that says so.

    Raises `CommandFailed` when that cannot be done.
    """
    url = settings.database_url
    if url.file is not None:
        _make(url.file)
    with explained(url, "migrated"):
        if is_current(url.text):
            return f"{url} is up to date."
        migrate(url.text)
    return f"{url} is migrated."


def _make(file: Path) -> None:
    """Make an empty file for SQLite that its owner alone may read: it will hold the hashes of passwords."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise CommandFailed(f"ACCOUNTS_DATABASE_URL: {file} cannot be written: {error.strerror}.") from error


def _require_writable(file: Path) -> None:
    """Raise `CommandFailed` unless this user may write the file, and the folder, in which SQLite keeps its log.

    A database that may only be read opens or does not, by whether somebody else has it open.
    """
    for path, needed in ((file, os.R_OK | os.W_OK), (file.parent, os.W_OK | os.X_OK)):
        if not os.access(path, needed):
            raise CommandFailed(f"ACCOUNTS_DATABASE_URL: {path} cannot be written: Permission denied.")


def require_migrated(settings: Settings) -> None:
    """Raise `CommandFailed` unless the tables are there as this release needs them."""
    url = settings.database_url
    # looking into a file of SQLite that is not there would make it
    if url.file is not None and not url.file.exists():
        raise CommandFailed(
            f"There is no database {url} yet: `accounts migrate` makes it, and so does `accounts serve`."
        )
    if url.file is not None:
        _require_writable(url.file)
    with explained(url, "used"):
        current = is_current(url.text)
    if not current:
        raise CommandFailed(f"The tables in {url} are not those of this release: run `accounts migrate`.")


async def require_connection(engine: AsyncEngine, url: DatabaseUrl) -> None:
    """Raise `CommandFailed` unless the service's own driver connects, too: it reads the URL's parameters anew."""
    with explained(url, "used"):
        async with engine.connect():
            pass


@contextmanager
def explained(url: DatabaseUrl, done: str) -> Iterator[None]:
    """Say which database failed and, in its driver's words, why. `done` is what it cannot be."""
    try:
        with warnings.catch_warnings():
            # a parameter that SQLAlchemy leaves out with a warning is one that somebody meant
            warnings.simplefilter("error", SAWarning)
            yield
    except Unavailable as error:
        raise CommandFailed(f"{url}: {error}{_in_words(url, error.__cause__)}") from error
    except ConfigurationError as error:
        # its tables are those of a newer release, or somebody else's: not for this one to touch
        raise CommandFailed(f"{url} cannot be {done}: {_first_line(url, error)}") from error
    except (SQLAlchemyError, OSError) as error:
        raise CommandFailed(f"{url} cannot be {done}{_in_words(url, error)}") from error
    except (TypeError, ValueError, LookupError, SAWarning) as error:
        # a driver's way to say that it cannot read a parameter, or does not know it
        raise CommandFailed(
            f"ACCOUNTS_DATABASE_URL: {url}: its parameters cannot be read{_in_words(url, error)}"
        ) from error


def _in_words(url: DatabaseUrl, cause: BaseException | None) -> str:
    text = "" if cause is None else _first_line(url, getattr(cause, "orig", None) or cause)
    return f" ({text})" if text else ""


def _first_line(url: DatabaseUrl, error: BaseException) -> str:
    return url.conceal((str(error).splitlines() or [""])[0])
