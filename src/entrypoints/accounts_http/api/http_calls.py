"""One call of the API, as a web framework sees it."""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.requests import HttpRequest
from accounts_http.openapi.declarations import Documented, Method

Perform = Callable[[HttpRequest], Awaitable[Answer[Any] | Streamed]]


@attrs.frozen(kw_only=True, eq=False)
class HttpCall:
    """One call of the API: what a web framework routes to."""

    method: Method
    path: str
    """The path below the API's root, such as `/api/auth/sessions/{id}`."""
    prefix: str
    """The beginning of the path below which every path is the API's, such as `/api/auth`."""
    area: str
    """The group of calls that it belongs to: one of `accounts_http.api.http_api.AREAS`."""
    tags: tuple[str, ...]
    status: int
    """The status of a successful answer."""
    body_limit_bytes: int
    """The largest body that is read."""
    documented: Documented | None = None
    """Its part of the OpenAPI document; None for HEAD, OPTIONS and pages, which are not in it."""
    perform: Perform = attrs.field(repr=False)
    """Runs the call. `HttpApi.run` does the same, with each error as an answer."""

    @property
    def include_in_schema(self) -> bool:
        """Whether the OpenAPI document has the call."""
        return self.documented is not None
