"""Pagination: lists that are read page by page, each page from a position on.

A position has the values that the list is ordered by, so its entry need not exist any longer: reading continues at the
same place, whatever is deleted or added meanwhile. An entry that exists all the time is read exactly once.

For clients a position is a short text (`position_text`). It is neither secret nor signed: it has the sort values of a
page's last entry (its id or number, and its time to the microsecond), which the same reader has just received, and it
determines only where that reader's next page begins. A checksum binds it to one list, so that a position of another
list, or a damaged one, is refused.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

import attrs

E = TypeVar("E")

DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 200
"""The most entries that one call reads of any list."""
DEFAULT_NOTIFICATIONS: Final = 200
"""The default for notifications, which the account API returns in one response."""


@attrs.frozen
class Cursor:
    """A position in a list that is ordered by time, then key, both descending. There need not be an entry at it."""

    created_at: datetime
    key: str | bytes
    """Orders rows of the same time: an id, or a digest if the row has no id."""


Position: TypeAlias = Cursor | int
"""The position from which a list continues: a cursor, or a number in a list ordered by number, descending."""


class Page(list[E]):
    """A page of a list, newest entries first. `next` is the cursor of the next page, None on the last one."""

    next: str | None

    def __init__(self, entries: Iterable[E] = (), *, next: str | None = None) -> None:
        super().__init__(entries)
        self.next = next


VERSION: Final = "p1"
MAX_POSITION: Final = 400
"""The most characters of a position that is read; a valid one has about 60."""
_TEXT: Final = re.compile(rf"{VERSION}\.[A-Za-z0-9_-]{{12,}}", re.ASCII)
_KEY: Final = re.compile(rb"[A-Za-z0-9_]{1,255}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMBER_BYTES: Final = 8
_CHECK_BYTES: Final = 8


def is_position_text(text: str) -> bool:
    """Return whether a text is meant as a position, not an id: ids have no dot."""
    return "." in text


def position_text(name: str, position: Position) -> str:
    """Return a position as URL-safe text.

    Args:
        name: The list and its owner, such as `interactions of 7`.
        position: The position of the last entry of a page.

    """
    if isinstance(position, int):
        values = b"n" + position.to_bytes(_NUMBER_BYTES, signed=True)
    else:
        assert isinstance(position.key, str), "lists for clients are ordered by ids"
        microseconds = (position.created_at - _EPOCH) // _MICROSECOND
        values = b"t" + microseconds.to_bytes(_NUMBER_BYTES, signed=True) + position.key.encode()
    return f"{VERSION}.{urlsafe_b64encode(_checksum(name, values) + values).rstrip(b'=').decode()}"


def read_position_text(name: str, text: str) -> Position | None:
    """Return the position in a text; None if it is not a position of this list."""
    if len(text) > MAX_POSITION or _TEXT.fullmatch(text) is None:
        return None
    encoded = text.removeprefix(f"{VERSION}.")
    try:
        raw = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return None
    check, values = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    kind, number, key = values[:1], values[1 : 1 + _NUMBER_BYTES], values[1 + _NUMBER_BYTES :]
    if check != _checksum(name, values) or len(number) < _NUMBER_BYTES:
        return None
    try:
        position = _position(kind, int.from_bytes(number, signed=True), key)
    except OverflowError:  # `datetime` cannot represent this time
        return None
    # Only the canonical text of a position is accepted.
    return position if position is not None and position_text(name, position) == text else None


def _position(kind: bytes, number: int, key: bytes) -> Position | None:
    if kind == b"n":
        return number if not key else None
    if kind == b"t" and _KEY.fullmatch(key):
        return Cursor(_EPOCH + number * _MICROSECOND, key.decode())
    return None


def _checksum(name: str, values: bytes) -> bytes:
    return sha256(f"position\0{name}\0".encode() + values).digest()[:_CHECK_BYTES]
