"""Parsing of stored hashes in the PHC string format, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`.

A string in any other format, or with a higher cost than `Cost` allows, is rejected. So are short tags: with the four
bytes that the format allows, one password in four billion would match.
"""

import re
from base64 import b64decode, b64encode
from typing import Final, Self

import attrs
from argon2.low_level import Type

from accounts_argon2.cost import Cost

SALT_BYTES: Final = 16
TAG_BYTES: Final = 32
VERSION: Final = 19

_TYPES: Final = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}
_NUMBER: Final = r"([1-9][0-9]{0,9})"
_SHAPE: Final = re.compile(
    r"\$(argon2id|argon2i|argon2d)"
    r"(?:\$v=(16|19))?"  # the first version of Argon2 did not write its number
    rf"\$m={_NUMBER},t={_NUMBER},p={_NUMBER}"
    r"\$([A-Za-z0-9+/]{11,86})"  # 8 to 64 bytes of salt
    r"\$([A-Za-z0-9+/]{22,86})",  # 16 to 64 bytes of tag
    re.ASCII,
)


@attrs.frozen(kw_only=True)
class Encoded:
    """Parsed stored hash."""

    type: Type
    version: int
    cost: Cost
    salt: bytes = attrs.field(repr=False)
    tag: bytes = attrs.field(repr=False)

    @classmethod
    def read(cls, hash: str) -> Self | None:
        """Parse a stored hash; None if the format is invalid or the cost exceeds the limits."""
        match = _SHAPE.fullmatch(hash)
        if match is None:
            return None
        type_, version, memory_kib, passes, lanes, salt, tag = match.groups()
        try:
            return cls(
                type=_TYPES[type_],
                version=int(version or 16),
                cost=Cost(memory_kib=int(memory_kib), passes=int(passes), lanes=int(lanes)),
                salt=_decode(salt),
                tag=_decode(tag),
            )
        except ValueError:
            return None

    def write(self) -> str:
        """Return the hash in its stored form."""
        kind = next(name for name, known in _TYPES.items() if known is self.type)
        cost = f"m={self.cost.memory_kib},t={self.cost.passes},p={self.cost.lanes}"
        return f"${kind}$v={self.version}${cost}${_encode(self.salt)}${_encode(self.tag)}"


def _encode(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Decode base64 without padding. Raises `ValueError` for an impossible length."""
    return b64decode(text + "=" * (-len(text) % 4), validate=True)
