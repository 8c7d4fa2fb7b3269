"""Lists that are read page by page, each page from a position on.

A position is made of the values that the list is ordered by, so the entry that had them need not exist any longer: a
list that is read to its end goes on where it was, whatever is removed or added meanwhile. An entry that is there all
the time comes exactly once.

Towards a client a position is a short text (`position_text`). It is not a secret and not signed: it holds what the last
entry of a page was ordered by (its id or number, and its time to the microsecond), which its reader has just been
shown, and it steers nothing but where the same reader's next page begins. A checksum binds it to one list, so that a
position of another list, or a damaged one, is refused.
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
"""The same of notifications where nothing else is asked for: the account API's document has them all in one answer."""


@attrs.frozen
class Cursor:
    """A position in a list that is ordered by time, then key, both descending. No entry need be there."""

    created_at: datetime
    key: str | bytes
    """Tells rows of the same time apart: an id, or a digest where the row has none."""


Position: TypeAlias = Cursor | int
"""Where a list goes on: a cursor, or a number in a list that is ordered by number, descending."""


class Page(list[E]):
    """Some entries of a list, newest first; `next` is where the list goes on, None at its end.

    It is a list of its entries in every other way.
    """

    next: str | None

    def __init__(self, entries: Iterable[E] = (), *, next: str | None = None) -> None:
        super().__init__(entries)
        self.next = next


VERSION: Final = "p1"
MAX_POSITION: Final = 400
"""Characters of a position; one of ours has some 60."""
_TEXT: Final = re.compile(rf"{VERSION}\.[A-Za-z0-9_-]{{12,}}", re.ASCII)
_KEY: Final = re.compile(rb"[A-Za-z0-9_]{1,255}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMBER_BYTES: Final = 8
_CHECK_BYTES: Final = 8


def is_position_text(text: str) -> bool:
    """Say whether this is meant as a position: no id has a dot in it."""
    return "." in text


def position_text(name: str, position: Position) -> str:
    """Return a position as URL-safe text.

    Args:
        name: Which list it belongs to, whose it is included, such as `interactions of 7`.
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
    """Return the position; None for text that is no position of this list."""
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
    except OverflowError:  # no calendar has this time
        return None
    # of two texts that say the same only the one that is written here is taken
    return position if position is not None and position_text(name, position) == text else None


def _position(kind: bytes, number: int, key: bytes) -> Position | None:
    if kind == b"n":
        return number if not key else None
    if kind == b"t" and _KEY.fullmatch(key):
        return Cursor(_EPOCH + number * _MICROSECOND, key.decode())
    return None


def _checksum(name: str, values: bytes) -> bytes:
    return sha256(f"position\0{name}\0".encode() + values).digest()[:_CHECK_BYTES]
