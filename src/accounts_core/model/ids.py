"""Identifiers.

Users and teams are numbered by the store; everything else has a random id with a prefix that says what
it is, so that an id in a log or a support mail explains itself.
"""

from typing import Final, NewType

UserId = NewType("UserId", int)
TeamId = NewType("TeamId", int)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_BYTES: Final = 16
"""128 random bits: no two ids meet, and none can be guessed (ASVS 5.0, 11.5.1)."""


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
