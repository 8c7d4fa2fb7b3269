from typing import Final
from urllib.parse import parse_qsl

from litestar.types import Scope

from accounts_core.errors import InvalidToken
from accounts_litestar.edge import Malformed, MissingToken

TOKEN_FIELD: Final = "access_token"  # noqa: S105  a word of RFC 6750, no secret
"""What the token is called where RFC 6750 lets it travel in a form or in the address. Here it does in neither."""

_SCHEME: Final = b"bearer"


def token_of(scope: Scope) -> str:
    """Return the access token of a request (RFC 6750, section 2.1: the header alone, never the address or the body).

    Raises `MissingToken` without one, another scheme's header included, `InvalidToken` for what cannot be one, and
    `Malformed` when there are several headers, or a token in the address too: which of two counts is what an attacker
    and a proxy disagree on.
    """
    given: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if given is not None:
                raise Malformed("Send one Authorization header.")
            given = value
    if given is None:
        raise MissingToken
    if scope["query_string"] and _has_token(scope["query_string"]):
        raise Malformed("Send the access token once, in the header.")
    scheme, _, token = given.partition(b" ")
    if scheme.lower() != _SCHEME:
        raise MissingToken
    try:
        return token.strip(b" ").decode("ascii")
    except UnicodeDecodeError:
        raise InvalidToken from None


def _has_token(query: bytes) -> bool:
    return any(name == TOKEN_FIELD for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
