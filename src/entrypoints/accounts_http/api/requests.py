"""The request that a web framework hands over, and what is read from it: the token and the body."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from accounts_core.model.text import Secret
from accounts_http.bearer import bearer_token
from accounts_http.bodies import read_body
from accounts_http.errors import HttpError
from accounts_http.headers import Headers, QueryString

S = TypeVar("S", bound=msgspec.Struct)


class HttpRequest(Protocol):
    """One request. Each integration has a class with these members over the request of its framework.

    Its `repr` shows neither headers nor body: tracebacks with local variables hold requests.
    """

    @property
    def method(self) -> str:
        """The method in capitals; GET for a HEAD."""
        ...

    @property
    def path(self) -> str:
        """The path of the client's URL, decoded, with every prefix."""
        ...

    @property
    def root(self) -> str:
        """The prefix in that path below which the API is: the ASGI `root_path` and `HttpOptions.path`.

        It begins with a slash and does not end with one; at the root of a host it is empty.
        """
        ...

    @property
    def headers(self) -> Headers:
        """The headers."""
        ...

    @property
    def query_string(self) -> QueryString:
        """The raw query."""
        ...

    @property
    def path_params(self) -> Mapping[str, str]:
        """The parameters in the path, decoded, by name."""
        ...

    @property
    def client(self) -> str | None:
        """The address that the request came from, if it is known."""
        ...

    async def body(self, limit_bytes: int) -> bytes:
        """Return the body as it came, reading no more than the limit. Asked again, it returns the same.

        Raises:
            TooLarge: The body is larger than the limit.
            Malformed: It did not arrive whole.

        """
        ...


def path_of(request: HttpRequest) -> str:
    """Return the path of a request without the slash at its end that frameworks ignore."""
    return request.path.rstrip("/") or "/"


def access_token(request: HttpRequest) -> Secret:
    """Return the access token. Raises what `accounts_http.bearer.bearer_token` does."""
    return bearer_token(request.headers, request.query_string)


async def read(request: HttpRequest, model: type[S], *, limit_bytes: int) -> S:
    """Return the body as `model`.

    Raises:
        TooLarge: The body is larger than the limit.
        Malformed, WrongMediaType, WrongFields: As `accounts_http.bodies.read_body` does.

    """
    try:
        return read_body(await request.body(limit_bytes), request.headers, model)
    except HttpError as error:
        # without the frames that hold the body: an error reporter looks into them, and there may be a password in it
        raise error.with_traceback(None) from None
