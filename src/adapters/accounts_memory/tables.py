"""Immutable committed tables, with the changes of a unit of work kept beside them.

`Table` is a committed table. `Staged` is the same table with the changes of one unit of work. A commit replaces only
the tables that were changed, so opening a unit copies nothing, however much is stored.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, cast

import attrs

from accounts_core.errors import Conflict
from accounts_core.model.text import check_storable

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=attrs.AttrsInstance)
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)
R_co = TypeVar("R_co", covariant=True)

Index = Callable[[R], Hashable | None]
"""Index function. A row for which it returns None is not in the index."""


class Readable(Protocol[K_contra, R_co]):
    """Reads of committed and staged tables."""

    def get(self, key: K_contra, /) -> R_co | None:
        """Return the row, or None."""
        ...

    def find(self, index: str, value: Hashable) -> Iterable[R_co]:
        """Return every row with this value in the index."""
        ...

    def find_one(self, index: str, value: Hashable) -> R_co | None:
        """Return the row with this value in a unique index, or None after as much work, if the table has any row."""
        ...

    def all(self) -> Iterable[R_co]:
        """Return every row."""
        ...


@attrs.frozen
class Table(Generic[K, R]):
    """Committed table. Immutable."""

    key: Callable[[R], K]
    indexes: Mapping[str, Index[R]]
    rows: Mapping[K, R] = attrs.field(factory=dict)
    found: Mapping[str, Mapping[Hashable, frozenset[K]]] = attrs.field()

    @found.default
    def _nothing_found(self) -> Mapping[str, Mapping[Hashable, frozenset[K]]]:
        return {name: {} for name in self.indexes}

    @cached_property
    def _singly(self) -> tuple[frozenset[K], ...]:
        """Tuple of each key alone, in the format of `found`."""
        return tuple(frozenset((key,)) for key in self.rows)

    def get(self, key: K, /) -> R | None:
        return self.rows.get(key)

    def find(self, index: str, value: Hashable) -> Iterable[R]:
        return [self.rows[key] for key in self.found[index].get(value, ())]

    def find_one(self, index: str, value: Hashable) -> R | None:
        if not self._singly:
            return None
        # if there is no match, another row is read, not always the same one
        (key,) = self.found[index].get(value, self._singly[hash(value) % len(self._singly)])
        row = self.rows[key]
        return row if self.indexes[index](row) == value else None

    def all(self) -> Iterable[R]:
        return self.rows.values()

    def with_changes(self, changes: Mapping[K, R | None]) -> "Table[K, R]":
        """Return the table with these rows replaced by key; None deletes a row."""
        rows = dict(self.rows)
        found = {name: dict(entries) for name, entries in self.found.items()}
        for key, row in changes.items():
            before = rows.pop(key, None)
            if row is not None:
                rows[key] = row
            for name, index in self.indexes.items():
                _move(found[name], key, None if before is None else index(before), None if row is None else index(row))
        return attrs.evolve(self, rows=rows, found=found)


def _move(entries: dict[Hashable, frozenset[K]], key: K, before: Hashable | None, after: Hashable | None) -> None:
    if before == after:
        return
    if before is not None:
        left = entries.pop(before) - {key}
        if left:
            entries[before] = left
    if after is not None:
        entries[after] = entries.get(after, frozenset()) | {key}


class Staged(Generic[K, R]):
    """Table of a unit of work: the committed one with the unit's changes."""

    def __init__(self, base: Table[K, R]) -> None:
        self.base = base
        self.changes: dict[K, R | None] = {}
        self.locked: set[K] = set()

    def get(self, key: K, /) -> R | None:
        return self.changes[key] if key in self.changes else self.base.get(key)

    def find(self, index: str, value: Hashable) -> Iterable[R]:
        if not self.changes:
            return self.base.find(index, value)
        value_of = self.base.indexes[index]
        kept = [row for row in self.base.find(index, value) if self.base.key(row) not in self.changes]
        return kept + [row for row in self.changes.values() if row is not None and value_of(row) == value]

    def find_one(self, index: str, value: Hashable) -> R | None:
        return next(iter(self.find(index, value)), None) if self.changes else self.base.find_one(index, value)

    def all(self) -> Iterable[R]:
        kept = [row for key, row in self.base.rows.items() if key not in self.changes]
        return kept + [row for row in self.changes.values() if row is not None]

    def add(self, row: R) -> None:
        """Insert a row. Raises `Conflict` if the key exists."""
        key = self.base.key(row)
        if self.get(key) is not None:
            raise Conflict(f"There is a {type(row).__name__} {key!r} already.")
        self.changes[key] = _kept(row)

    def put(self, row: R) -> R:
        """Insert or replace a row, and return it as stored."""
        kept = _kept(row)
        self.changes[self.base.key(row)] = kept
        return kept

    def drop(self, row: R) -> None:
        """Delete a row."""
        self.changes[self.base.key(row)] = None

    def lock(self, key: K) -> None:
        """Lock a row: of all units that changed or locked it, only the first commits."""
        self.locked.add(key)

    def commit_onto(self, live: Table[K, R]) -> Table[K, R]:
        """Return the live table with this unit's changes.

        Raises `Conflict` if another unit has committed one of the rows since this unit began.
        """
        touched = self.changes.keys() | self.locked
        if not touched:
            return live
        if live is not self.base:
            for key in touched:
                if live.get(key) is not self.base.get(key):
                    raise Conflict("A concurrent transaction changed the same rows.")
        changes = dict(self.changes)
        for key in self.locked - self.changes.keys():
            row = live.get(key)
            if row is not None:
                changes[key] = _evolve(row)  # an equal but distinct object, by which concurrent units detect the lock
        return live.with_changes(changes)


def _kept(row: R) -> R:
    """Return the row as stored. Raises `Invalid` for text that not every store can keep."""
    check_storable(row)
    return in_utc(row)


def in_utc(row: R) -> R:
    """Return the row with all its times in UTC, as every store returns them."""
    moved: dict[str, Any] = {}
    for field in attrs.fields(type(row)):
        value = getattr(row, field.name)
        if isinstance(value, datetime) and value.tzinfo is not UTC:
            if value.tzinfo is None:
                raise ValueError(f"{type(row).__name__}.{field.name} has no time zone: {value!r}.")
            moved[field.name] = value.astimezone(UTC)
    return _evolve(row, **moved) if moved else row


def _evolve(row: R, **changes: Any) -> R:
    evolve: Any = attrs.evolve  # mypy's plugin requires one concrete class
    return cast("R", evolve(row, **changes))
