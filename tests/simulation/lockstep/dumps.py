"""Everything that a store holds, table by table, looked at past the store's own reads; and how that looks in memory.

What was written must not be judged by what the adapter's reads say of it. So rows come straight from the driver, and
from the memory store's own tables, and are brought to one form by the columns' types alone.

Three things may differ between stores that are right, and each is evened out where it arises:

- the order of rows: nothing in a table has one, so rows stand under their keys;
- numbers that a unit took and lost when it was rolled back, which the ports allow (`Numbering`);
- attempts that count no longer: an adapter may sweep them whenever it likes, so only live ones are compared.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Any, Final, Protocol

import attrs

from accounts_core.model.secret_values import SecretValue
from accounts_memory import MemoryRateLimiter, MemoryStore
from accounts_memory.schema import NAMES
from accounts_memory.store import Ids
from accounts_sql.tables import metadata

Row = tuple[Any, ...]
Table = Mapping[Row, Row]
Dump = Mapping[str, Table]
"""By the name that the table has in memory, then by key: the values of its columns, in the order of the columns."""

RENAMED: Final = {"verifications": "card_verifications", "jobs": "outbox", "idempotency_records": "kept_requests"}
ATTRIBUTES: Final = {
    "request_key": "idempotency_key",
    "unheard": "outcome_undelivered",
    "parked_at": "dead_lettered_at",
}
"""Attributes whose column has another name."""
TABLES: Final = {name: metadata.tables[f"accounts_{RENAMED.get(name, name)}"] for name in NAMES}
ATTEMPTS: Final = "attempts"


@attrs.define
class Numbering:
    """The last number that was handed out of each kind."""

    users: int = 0
    teams: int = 0
    entries: int = 0


class Dumper(Protocol):
    """Looks into one store."""

    def dump(self, *, now: datetime) -> Dump:
        """Return every row, and the attempts that still count at `now`."""
        ...

    def numbering(self) -> Numbering:
        """Return the numbers as of the last dump."""
        ...

    def renumber(self, numbers: Numbering) -> None:
        """Go on counting from these."""
        ...

    def sweep(self, *, now: datetime) -> None:
        """Drop the attempts that count no longer, as every adapter does at some time."""
        ...


def table_of(name: str, rows: Sequence[Row]) -> Table:
    keys = [place for place, column in enumerate(TABLES[name].columns) if column.primary_key]
    return {tuple(row[place] for place in keys): row for row in rows}


def attempts_of(counted: Sequence[tuple[str, bytes, datetime]]) -> Table:
    """Number equal attempts, which a table keeps as so many rows."""
    return dict.fromkeys(((*each, nth) for nth, each in _numbered(counted)), ())


def _numbered(counted: Sequence[tuple[str, bytes, datetime]]) -> list[tuple[int, tuple[str, bytes, datetime]]]:
    seen: dict[tuple[str, bytes, datetime], int] = {}
    numbered = []
    for each in counted:
        seen[each] = seen.get(each, -1) + 1
        numbered.append((seen[each], each))
    return numbered


# ---- memory


class MemoryDumper:
    """Looks into the memory adapters."""

    def __init__(self, store: MemoryStore, limits: MemoryRateLimiter) -> None:
        self._store, self._limits = store, limits
        self._ids = {name: _Count() for name in ("users", "teams", "entries")}
        store._ids = Ids(**self._ids)
        self._seen: dict[str, tuple[object, Table]] = {}
        self._rows: dict[int, tuple[object, Row]] = {}

    def dump(self, *, now: datetime) -> Dump:
        state = self._store._state
        for name in NAMES:
            committed = getattr(state, name)
            if name not in self._seen or self._seen[name][0] is not committed:
                rows = [self._row(name, row) for row in committed.rows.values()]
                self._seen[name] = committed, table_of(name, rows)
        return {name: table for name, (_, table) in self._seen.items()} | {ATTEMPTS: self._attempts(now)}

    def _row(self, name: str, row: object) -> Row:
        # a committed row never changes, so it is looked at once; it is kept, so that its id stays its own
        known = self._rows.get(id(row))
        if known is None:
            known = self._rows[id(row)] = row, tuple(_value(row, column.name) for column in TABLES[name].columns)
        return known[1]

    def _attempts(self, now: datetime) -> Table:
        return attempts_of(
            [
                (name, sha256(scope.encode("utf-8", "surrogatepass")).digest(), time)
                for (name, scope), log in self._limits._logs.items()
                for time in log.times
                if now - time < log.period
            ]
        )

    def numbering(self) -> Numbering:
        return Numbering(**{name: ids.last for name, ids in self._ids.items()})

    def renumber(self, numbers: Numbering) -> None:
        for name, ids in self._ids.items():
            ids.last = getattr(numbers, name)

    def sweep(self, *, now: datetime) -> None:
        for log in self._limits._logs.values():
            log.prune(now)


class _Count:
    """Counts, and says how far it came."""

    def __init__(self) -> None:
        self.last = 0

    def __iter__(self) -> "_Count":
        return self

    def __next__(self) -> int:
        self.last += 1
        return self.last


def _value(row: Any, column: str) -> Any:
    """Return what of a row in memory belongs into this column."""
    for name in ("email", "pending_email"):
        if column in {name, f"{name}_key"} and hasattr(row, name):
            email = getattr(row, name)
            return None if email is None else (email.key if column.endswith("_key") else email.address)
    if column in {"profile", "profile_version"} and hasattr(row, "profile_data"):
        data = row.profile_data
        return None if data is None else (data.text if column == "profile" else data.version)
    return _as_document(getattr(row, ATTRIBUTES.get(column, column)))


def _as_document(value: Any) -> Any:
    """Return a value as a column or a document can hold it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, SecretValue):
        return value.reveal()
    if attrs.has(type(value)):
        return {field.name: _as_document(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {name: _as_document(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_document(each) for each in value]
    return value
