"""The database as a whole: whether it is there, and whether its tables are those of this release."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accounts_cli.database_url import DatabaseUrl
from accounts_cli.failures import CommandFailed
from accounts_cli.settings import Settings
from accounts_core.errors import HostError, Unavailable
from accounts_sql import is_current, migrate


def migrate_database(settings: Settings) -> str:
    """Create the tables, or bring them up to date, and return a line that says so.

    Raises `CommandFailed` when that cannot be done.
    """
    url = settings.database_url
    if url.file is not None:
        _make(url.file)
    with _explained(url):
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


def require_migrated(settings: Settings) -> None:
    """Raise `CommandFailed` unless the tables are there as this release needs them."""
    url = settings.database_url
    # looking into a file of SQLite that is not there would make it
    if url.file is not None and not url.file.exists():
        raise CommandFailed(
            f"There is no database {url} yet: `accounts migrate` makes it, and so does `accounts serve`."
        )
    with _explained(url):
        current = is_current(url.text)
    if not current:
        raise CommandFailed(f"The tables in {url} are not those of this release: run `accounts migrate`.")


@contextmanager
def _explained(url: DatabaseUrl) -> Iterator[None]:
    """Say which database failed and, in its driver's words, why."""
    try:
        yield
    except Unavailable as error:
        cause = str(getattr(error.__cause__, "orig", None) or error.__cause__ or "")
        reason = f" ({url.conceal(cause.splitlines()[0])})" if cause else ""
        raise CommandFailed(f"{url}: {error}{reason}") from error
    except HostError as error:
        # its tables are those of a newer release, or somebody else's: not for this one to touch
        raise CommandFailed(f"{url} cannot be migrated: {error}") from error
