from litestar.types import Scope

from accounts_core.errors import InvalidToken
from accounts_litestar.edge import Malformed, MissingToken

_SCHEME = b"bearer"


def token_of(scope: Scope) -> str:
    """Return the access token of a request (RFC 6750, section 2.1: the header alone, never the address or the body).

    Raises `MissingToken` without one, another scheme's header included, `InvalidToken` for what cannot be one, and
    `Malformed` when there are several headers: which of two counts is what an attacker and a proxy disagree on.
    """
    given: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if given is not None:
                raise Malformed("Send one Authorization header.")
            given = value
    if given is None:
        raise MissingToken
    scheme, _, token = given.partition(b" ")
    if scheme.lower() != _SCHEME:
        raise MissingToken
    try:
        return token.strip(b" ").decode("ascii")
    except UnicodeDecodeError:
        raise InvalidToken from None
