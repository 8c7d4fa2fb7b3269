"""Mapping between rows and aggregates.

An attribute is stored in the column of its name, as it is, unless its `Stored` says otherwise. So a plain attribute is
named twice: in the class and in the table.

Stored values were valid when they were written and are not validated again when read: a rule that became stricter must
not make an account unreadable, and validation would slow the most frequent reads.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

import attrs
import sqlalchemy as sa

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.profile_data import ProfileData
from accounts_core.model.secret_values import SecretValue

from .queries import Row

T = TypeVar("T")

_new: Final = object.__new__


@attrs.frozen(kw_only=True)
class Stored:
    """The way one attribute is stored, if it is not as it is in the column of its name. None is always NULL."""

    column: str | None = None
    """Its column; None means the one of its name."""
    beside: str | None = None
    """A second column. `read` then takes two values, and `write` returns two."""
    read: Callable[..., Any] | None = None
    """Makes the attribute of what is stored."""
    write: Callable[[Any], Any] | None = None
    """Makes what is stored of the attribute."""


def enumeration(members: type[Enum]) -> Stored:
    """Store a member of an enumeration as its value."""
    return Stored(read={member.value: member for member in members}.__getitem__, write=attrgetter("value"))


def email_address(*, key: str) -> Stored:
    """Store an email address as its spelling, and its key in a column of its own."""
    return Stored(beside=key, read=stored_email, write=attrgetter("address", "key"))


def secret_value(kind: type[SecretValue[Any]]) -> Stored:
    """Store a secret value as what it hides."""
    return Stored(read=kind, write=kind.reveal)


def profile_data() -> Stored:
    """Store profile data as its text, and the version of its type in a column of its own."""
    return Stored(column="profile", beside="profile_version", read=_stored_profile, write=attrgetter("text", "version"))


def _stored_profile(text: str, version: int | None) -> ProfileData:
    return ProfileData(text, version or 0)  # NULL if something else has written the row


def _setter(cls: type[Any], name: str) -> Callable[[Any, Any], None]:
    """Return what sets an attribute of a frozen instance, past its __init__."""
    return cast("Callable[[Any, Any], None]", getattr(cls, name).__set__)


_put_address: Final = _setter(EmailAddress, "address")
_put_key: Final = _setter(EmailAddress, "key")


def stored_email(address: str, key: str) -> EmailAddress:
    """Build an email address from its stored spelling and key."""
    email = _new(EmailAddress)
    _put_address(email, address)
    _put_key(email, key)
    return email


class RowMapping(Generic[T]):
    """The mapping of one class. Iterating over it yields its columns, for `sa.select`.

    What the class has is looked up once, here, and not for each row.

    Args:
        cls: An attrs class with slots.
        table: Its table.
        stored: The attributes that are not stored as they are in the column of their name.

    Raises:
        TypeError: The table has no column for an attribute, or `stored` names no attribute.

    """

    def __init__(self, cls: type[T], table: sa.Table, **stored: Stored) -> None:
        names = [field.name for field in attrs.fields(cast("Any", cls))]
        if unknown := stored.keys() - names:
            raise TypeError(f"{cls.__name__} has no attribute {', '.join(sorted(unknown))}.")
        columns = {name: stored.get(name, Stored()).column or name for name in names}
        # the second columns come last, so that attributes and values are in the same order
        order = [*columns.values(), *(how.beside for how in stored.values() if how.beside is not None)]
        if missing := [name for name in order if name not in table.c]:
            raise TypeError(f"{table.name} has no column {', '.join(missing)}.")
        self._cls = cls
        self._columns: Sequence[sa.Column[Any]] = [table.c[name] for name in order]
        self._width = len(order)
        self._own: Sequence[str] = list(columns.values())
        self._setters: Final = [_setter(cls, name) for name in names]
        self._attributes: Callable[[T], Sequence[Any]] = attrgetter(*names)
        self._readers = [
            (names.index(name), None if how.beside is None else order.index(how.beside), read)
            for name, how in ((name, stored.get(name, Stored())) for name in names)
            if (read := how.read or _default_read(table.c[columns[name]])) is not None
        ]
        self._writers = [
            (columns[name], how.beside, how.write) for name, how in stored.items() if how.write is not None
        ]

    def __iter__(self) -> Iterator[sa.Column[Any]]:
        return iter(self._columns)

    def __len__(self) -> int:
        return self._width

    def read(self, row: Row, at: int = 0) -> T:
        """Build an instance from a row whose columns from index `at` are these."""
        values: Sequence[Any] = row[at : at + self._width] if at else row
        if self._readers:
            converted = list(values)
            for place, beside, convert in self._readers:
                value = converted[place]
                if value is not None:
                    converted[place] = convert(value) if beside is None else convert(value, converted[beside])
            values = converted
        instance = _new(self._cls)
        # faster than __init__, which takes every argument by keyword
        for put, value in zip(self._setters, values, strict=False):
            put(instance, value)
        return instance

    def values(self, instance: T) -> dict[str, Any]:
        """Return what is stored of an instance, by column."""
        values = dict(zip(self._own, self._attributes(instance), strict=True))
        for column, beside, write in self._writers:
            value = values[column]
            if beside is not None:
                values[column], values[beside] = (None, None) if value is None else write(value)
            elif value is not None:
                values[column] = write(value)
        return values


def _default_read(column: sa.Column[Any]) -> Callable[..., Any] | None:
    # SQLite has 0 and 1 for false and true
    return bool if isinstance(column.type, sa.Boolean) else None
