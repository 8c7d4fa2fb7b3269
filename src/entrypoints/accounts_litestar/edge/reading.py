"""Reading the token and the body of a Litestar request."""

from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from accounts_core.model.text import Secret
from accounts_http.bearer import bearer_token
from accounts_http.bodies import read_body
from accounts_http.errors import HttpError, Malformed, TooLarge
from accounts_http.headers import Headers, QueryString

S = TypeVar("S", bound=msgspec.Struct)

HttpRequest = Request[Any, Any, Any]


def headers_of(request: HttpRequest) -> Headers:
    """Return the headers of a request."""
    return Headers(request.scope["headers"])


def query_of(request: HttpRequest) -> QueryString:
    """Return the raw query of a request."""
    return QueryString(request.scope["query_string"])


def access_token(request: HttpRequest) -> Secret:
    """Return the access token. Raises what `accounts_http.bearer.bearer_token` does."""
    return bearer_token(headers_of(request), query_of(request))


async def read_raw(request: HttpRequest) -> bytes:
    """Return the body as it came, reading no more than the limit. Raises `TooLarge` and `Malformed`."""
    try:
        return await request.body()
    except HTTPException as error:  # turned into ours, so that a host's handlers do not take it
        raise _translated(request, error) from error


async def read(request: HttpRequest, model: type[S]) -> S:
    """Return the body as `model`.

    Raises:
        TooLarge: The body is larger than the limit.
        Malformed, WrongMediaType, WrongFields: As `accounts_http.bodies.read_body` does.

    """
    try:
        return read_body(await read_raw(request), headers_of(request), model)
    except HttpError as error:
        # without the frames that hold the body: an error reporter looks into them, and there may be a password in it
        raise error.with_traceback(None) from None


def _translated(request: HttpRequest, error: HTTPException) -> HttpError:
    limit = request.route_handler.resolve_request_max_body_size()
    if error.status_code == 413 and limit is not None:
        return TooLarge(limit)
    return Malformed("The body did not arrive whole, or its length is not a number.")
