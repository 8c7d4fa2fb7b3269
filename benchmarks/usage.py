"""What a service takes of memory and of the disk, and how many rows its tables have."""

import re
from collections.abc import Mapping
from pathlib import Path

import attrs
import sqlalchemy as sa
from benchmarks.flood import forget_peak, resident

SETTLED = "accounts_outbox"
"""The table that is empty once everything is done."""


def processes(pid: int) -> list[int]:
    """Return the process and all that it started."""
    found = [pid]
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listed.read_text().split():
            found += processes(int(child))
    return found


def memory(pid: int, *, peak: bool = False) -> float:
    """Return the memory of the service's processes in MiB, or the most that each had since `forget`."""
    return sum(resident(each, peak=peak) for each in processes(pid)) / 1024


def forget(pid: int) -> None:
    for each in processes(pid):
        forget_peak(each)


@attrs.frozen
class Disk:
    """Bytes on the disk. A file of SQLite's log is used again; of PostgreSQL's it is what was written ever."""

    database: int
    log: int
    """The database's write-ahead log."""
    mails: int
    lines: int
    """What the service wrote to its standard output and error."""

    def since(self, before: "Disk") -> "Disk":
        return Disk(*(now - then for now, then in zip(attrs.astuple(self), attrs.astuple(before), strict=True)))


class Places:
    """Where a service keeps its data."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._is_file = url.startswith("sqlite")
        self._engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    def disk(self) -> Disk:
        if self._is_file:
            database = _size(self._folder / "accounts.db")
            log = sum(_size(self._folder / f"accounts.db-{end}") for end in ("wal", "shm", "journal"))
        else:
            database = self._number("SELECT pg_database_size(current_database())")
            log = self._number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        mails = sum(each.stat().st_size for each in self._mails())
        return Disk(database=database, log=log, mails=mails, lines=_size(self._folder / "service.log"))

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has, without the prefix that all of them share."""
        names = [name for name in sa.inspect(self._engine).get_table_names() if name.startswith("accounts_")]
        return {name.removeprefix("accounts_"): self._number(f"SELECT count(*) FROM {name}") for name in names}

    def waiting(self) -> int:
        """Return how many jobs are still to be done."""
        return self._number(f"SELECT count(*) FROM {SETTLED}")

    def verify(self, prefix: str) -> None:
        """Have the addresses that begin so verified."""
        statement = "UPDATE accounts_users SET email_verified_at = created_at WHERE email LIKE :prefix"
        with self._engine.begin() as connection:
            connection.execute(sa.text(statement), {"prefix": f"{prefix}%"})

    def mails_to(self, recipient: str) -> int:
        line = re.compile(rf"^To: .*{re.escape(recipient)}".encode(), re.MULTILINE | re.IGNORECASE)
        return sum(bool(line.search(each.read_bytes())) for each in self._mails())

    def close(self) -> None:
        self._engine.dispose()

    def _mails(self) -> list[Path]:
        return list((self._folder / "mail").glob("*.eml"))

    def _number(self, statement: str) -> int:
        with self._engine.connect() as connection:
            found: int = connection.execute(sa.text(statement)).scalar_one()
        return found


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Return which tables have more or fewer rows than before, and by how many."""
    changes = {name: after[name] - before.get(name, 0) for name in sorted(after)}
    return ", ".join(f"{name} {number:+d}" for name, number in changes.items() if number) or "none"
