from typing import Final
from urllib.parse import parse_qsl

from litestar.types import Scope

from accounts_core.errors import InvalidToken
from accounts_core.model.text import Secret
from accounts_litestar.edge import Malformed, MissingToken
from accounts_litestar.requests import conceal

TOKEN_FIELD: Final = "access_token"  # noqa: S105  a word of RFC 6750, no secret
"""What the token is called where RFC 6750 lets it travel in a form or in the address. Here it does in neither."""

_SCHEME: Final = "bearer"


def token_of(scope: Scope) -> Secret:
    """Return the access token of a request (RFC 6750, section 2.1: the header alone, never the address or the body).

    Raises `MissingToken` without one, another scheme's header included, `InvalidToken` for what cannot be one, and
    `Malformed` when there are several headers, or a token in the address too: which of two counts is what an attacker
    and a proxy disagree on.
    """
    sent = [Secret(value.decode("latin-1")) for name, value in scope["headers"] if name == b"authorization"]
    if len(sent) > 1:
        raise Malformed("Send one Authorization header.")
    if not sent:
        raise MissingToken
    conceal(sent[0])
    if scope["query_string"] and _has_token(scope["query_string"]):
        raise Malformed("Send the access token once, in the header.")
    if sent[0].partition(" ")[0].lower() != _SCHEME:
        raise MissingToken
    token = Secret(sent[0].partition(" ")[2].strip(" "))
    conceal(token)
    if not token.isascii():
        raise InvalidToken
    return token


def _has_token(query: bytes) -> bool:
    return any(name == TOKEN_FIELD for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
