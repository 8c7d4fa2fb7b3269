"""Identifiers.

Users and teams are numbered by the store; everything else has a random id with a prefix that says what
it is, so that an id in a log or a support mail explains itself.
"""

import re
from typing import Final, NewType

UserId = NewType("UserId", int)
TeamId = NewType("TeamId", int)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# No store numbers beyond 64 bits, signed; written without sign, zeros in front, or other scripts' digits.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_MAX_NUMBER: Final = 2**63 - 1
ID_BYTES: Final = 16
"""128 random bits: no two ids meet, and none can be guessed (ASVS 5.0, 11.5.1)."""


def number_of(text: str) -> int | None:
    """Return the number that a store might have given out as an id, or None."""
    if _NUMBER.fullmatch(text) is None or int(text) > _MAX_NUMBER:
        return None
    return int(text)


def base62(number: int, *, width: int) -> str:
    """Write `number` in base 62, filled up with zeros to `width` digits."""
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)).rjust(width, "0")


def prefixed_id(prefix: str, random: bytes) -> str:
    """Make an id such as `ses_6xQv0...` out of `ID_BYTES` random bytes."""
    return f"{prefix}_{base62(int.from_bytes(random, 'big'), width=22)}"
