"""A request of Starlette as the calls of `accounts_http` read it."""

from collections.abc import Mapping
from typing import Any, cast

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from accounts_http.errors import HttpError, Malformed, TooLarge
from accounts_http.headers import Headers, QueryString
from accounts_http.mounting import Place
from accounts_http.proxies import TrustedProxies


class FastAPIRequest:
    """One request.

    Args:
        request: The request of the framework.
        path: The path of the call, such as `/api/auth/sessions/{id}`.
        proxies: The proxies whose forwarded client address is used.

    """

    __slots__ = ("_body", "_path", "_proxies", "_refusal", "_request", "_root", "headers", "query_string")

    def __init__(self, request: Request, path: str, proxies: TrustedProxies | None) -> None:
        scope = request.scope
        self._request = request
        self._proxies = proxies
        self._body: bytes | None = None
        self._refusal: HttpError | None = None
        place = Place.of(scope)
        self._path = place.root + place.path
        # what is left without the call's own segments: prefixes of mounts, of `include_router` and of the options
        self._root = self._path.rsplit("/", path.count("/"))[0]
        self.headers = Headers(scope["headers"])
        self.query_string = QueryString(scope["query_string"])

    @property
    def method(self) -> str:
        """The method; GET for a HEAD."""
        method: str = self._request.scope["method"]
        return "GET" if method == "HEAD" else method

    @property
    def path(self) -> str:
        """The path of the client's URL."""
        return self._path

    @property
    def root(self) -> str:
        """The prefix below which the API is."""
        return self._root

    @property
    def path_params(self) -> Mapping[str, str]:
        """The parameters in the path."""
        return self._request.path_params

    @property
    def client(self) -> str | None:
        """The address that the request came from; behind trusted proxies, the one that they forward."""
        client: tuple[str, int] | None = self._request.scope.get("client")
        if client is None or self._proxies is None:
            return client and client[0]
        return self._proxies.client(client[0], self.headers.values(b"x-forwarded-for"))

    async def body(self, limit_bytes: int) -> bytes:
        """Return the body. Raises `TooLarge` and `Malformed`."""
        if self._refusal is not None:
            raise self._refusal
        try:
            if self._body is None:
                self._body = await self._read(limit_bytes)
        except HttpError as error:
            self._refusal = error  # the rest of the body is not there to be read again
            raise
        if len(self._body) > limit_bytes:
            raise TooLarge(limit_bytes)
        return self._body

    async def _read(self, limit_bytes: int) -> bytes:
        for declared in self.headers.values(b"content-length"):
            if not declared.isascii() or not declared.isdigit():
                raise Malformed(_NOT_WHOLE)
            if int(declared[:20]) > limit_bytes:
                raise TooLarge(limit_bytes)
        body = bytearray()
        try:
            async for chunk in self._request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise TooLarge(limit_bytes)
        except ClientDisconnect:
            raise Malformed(_NOT_WHOLE) from None
        except HTTPException as error:
            if error.status_code != 413:
                raise
            # the host's own limit, which its application or the including router sets
            raise TooLarge(cast("dict[str, Any]", self._request.scope).get(_HOST_LIMIT, limit_bytes)) from None
        return bytes(body)


_NOT_WHOLE = "The body did not arrive whole, or its length is not a number."
_HOST_LIMIT = "starlette.max_body_size"
