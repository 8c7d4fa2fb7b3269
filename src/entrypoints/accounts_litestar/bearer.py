from litestar.types import Scope

from accounts_core.errors import InvalidToken
from accounts_core.model.text import Secret
from accounts_litestar.edge import Malformed, MissingToken
from accounts_litestar.requests import conceal

_SCHEME = "bearer"


def token_of(scope: Scope) -> Secret:
    """Return the access token of a request (RFC 6750, section 2.1: the header alone, never the address or the body).

    Raises `MissingToken` without one, another scheme's header included, `InvalidToken` for what cannot be one, and
    `Malformed` when there are several headers: which of two counts is what an attacker and a proxy disagree on.
    """
    sent = [Secret(value.decode("latin-1")) for name, value in scope["headers"] if name == b"authorization"]
    if len(sent) > 1:
        raise Malformed("Send one Authorization header.")
    if not sent:
        raise MissingToken
    conceal(sent[0])
    if sent[0].partition(" ")[0].lower() != _SCHEME:
        raise MissingToken
    token = Secret(sent[0].partition(" ")[2].strip(" "))
    conceal(token)
    if not token.isascii():
        raise InvalidToken
    return token
