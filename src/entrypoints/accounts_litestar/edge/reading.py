"""A Litestar request as the calls read it."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from accounts_http.errors import Malformed, TooLarge
from accounts_http.headers import Headers, QueryString
from accounts_http.mounting import Place

AnyRequest = Request[Any, Any, Any]


class LitestarRequest:
    """An `HttpRequest` of `accounts_http` over Litestar's; `call_path` is the path of the call below the API's root."""

    __slots__ = ("_call_path", "_request", "headers", "query_string")

    def __init__(self, request: AnyRequest, call_path: str) -> None:
        self._request = request
        self._call_path = call_path
        self.headers = Headers(request.scope["headers"])
        self.query_string = QueryString(request.scope["query_string"])

    @property
    def method(self) -> str:
        """The method; GET for a HEAD."""
        method = self._request.scope["method"]
        return "GET" if method == "HEAD" else str(method)

    @property
    def path(self) -> str:
        """The path of the client's URL, with every prefix."""
        place = Place.of(self._request.scope)
        return place.root + place.path

    @property
    def root(self) -> str:
        """The prefix in that path below which the API is: of mounts, of the application and of the options."""
        return self.path.rstrip("/").rsplit("/", self._call_path.count("/"))[0]

    @property
    def path_params(self) -> Mapping[str, str]:
        """The parameters in the path, by name."""
        return self._request.path_params

    @property
    def client(self) -> str | None:
        """The address that the request came from, if the server passes it on."""
        client = self._request.scope.get("client")
        return client[0] if client else None

    async def body(self, limit_bytes: int) -> bytes:
        """Return the body as it came. The limit is that of the route, where Litestar has it too."""
        try:
            return await self._request.body()
        except HTTPException as error:  # turned into ours, so that a host's handlers do not take it
            if error.status_code == 413:
                raise TooLarge(limit_bytes) from error
            raise Malformed("The body did not arrive whole, or its length is not a number.") from error
