"""Tokens: a prefix, 256 random bits and a checksum, in base 62. `acc_` is for access tokens, `acm_` for mail tokens.

Because of the prefix and the checksum, secret scanners recognise a leaked token, and a mistyped one is refused without
a query. The store has only the SHA-256: a token has 256 random bits, so a fast hash is enough, and tokens cannot be
derived from a stolen table.
"""

import re
from hashlib import sha256
from typing import Final
from zlib import crc32

from accounts_core.errors import InvalidToken

from .ids import base62
from .secret_values import TokenDigest
from .text import Secret

ACCESS: Final = "acc_"
MAILED: Final = "acm_"
TOKEN_BYTES: Final = 32
_BODY: Final = 43
_CHECK: Final = 6
_PREFIX: Final = 4
_LENGTH: Final = _PREFIX + _BODY + _CHECK
_SHAPE: Final = re.compile(rf"[0-9A-Za-z]{{{_BODY + _CHECK}}}", re.ASCII)


def new_token(random: bytes, *, prefix: str = ACCESS) -> Secret:
    """Return a token made from `TOKEN_BYTES` random bytes."""
    body = base62(int.from_bytes(random, "big"), width=_BODY)
    return Secret(f"{prefix}{body}{_checksum(body)}")


def digest_of(token: str, *, prefix: str = ACCESS) -> TokenDigest:
    """Return the SHA-256 of a token, under which it is stored.

    Raises:
        InvalidToken: It is not a token with this prefix, or its checksum is wrong.

    """
    if len(token) != _LENGTH or not token.startswith(prefix) or not _SHAPE.fullmatch(token, _PREFIX):
        raise InvalidToken
    if token[-_CHECK:] != _checksum(token[_PREFIX:-_CHECK]):
        raise InvalidToken
    return TokenDigest(sha256(token.encode()).digest())


def _checksum(body: str) -> str:
    return base62(crc32(body.encode()), width=_CHECK)
