"""The access token of a request."""

from typing import Final
from urllib.parse import parse_qsl

from accounts_core.errors import InvalidToken
from accounts_core.model.text import Secret
from accounts_http.access_log import conceal
from accounts_http.errors import Malformed, MissingToken
from accounts_http.headers import Headers, QueryString

TOKEN_FIELD: Final = "access_token"  # noqa: S105  a word of RFC 6750, no secret
"""The token's name in a form or a query (RFC 6750). This API accepts it in neither."""

_SCHEME: Final = "bearer"


def bearer_token(headers: Headers, query_string: QueryString) -> Secret:
    """Return the access token of a request: from the `Authorization` header alone (RFC 6750, section 2.1).

    Args:
        headers: The request's headers.
        query_string: The raw query, which must hold no token.

    Raises:
        MissingToken: There is no token; also for another scheme's header.
        InvalidToken: The header holds something that cannot be a token.
        Malformed: There are several `Authorization` headers, or a token in the query as well. Proxies and services
            disagree on which of two counts.

    """
    sent = [Secret(value) for value in headers.values(b"authorization")]
    if len(sent) > 1:
        raise Malformed("Send one Authorization header.")
    if not sent:
        raise MissingToken
    conceal(sent[0])
    if query_string and _has_token(query_string):
        raise Malformed("Send the access token once, in the header.")
    if sent[0].partition(" ")[0].lower() != _SCHEME:
        raise MissingToken
    token = Secret(sent[0].partition(" ")[2].strip(" "))
    conceal(token)
    if not token.isascii():
        raise InvalidToken
    return token


def _has_token(query: QueryString) -> bool:
    return any(name == TOKEN_FIELD for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
