"""Identifiers.

Users and teams are numbered by the store. All other ids are random, with a prefix for the kind of object, so that an id
in a log or a support mail can be recognised.
"""

import re
from typing import Final, NewType

UserId = NewType("UserId", int)
TeamId = NewType("TeamId", int)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Ids are positive signed 64-bit numbers, in ASCII digits without sign and leading zeros.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_MAX_NUMBER: Final = 2**63 - 1
ID_BYTES: Final = 16
"""128 random bits: ids do not collide and cannot be guessed (ASVS 5.0, 11.5.1)."""


def number_of(text: str) -> int | None:
    """Return the id in a text, or None if no store can have assigned it."""
    if _NUMBER.fullmatch(text) is None or int(text) > _MAX_NUMBER:
        return None
    return int(text)


def base62(number: int, *, width: int) -> str:
    """Return `number` in base 62, padded with zeros to `width` digits."""
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)).rjust(width, "0")


def prefixed_id(prefix: str, random: bytes) -> str:
    """Return an id such as `ses_6xQv0...` made from `ID_BYTES` random bytes."""
    return f"{prefix}_{base62(int.from_bytes(random, 'big'), width=22)}"
