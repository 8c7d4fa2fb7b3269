"""Decorators that declare a call: its path, its body, its status and its documentation.

    @put("/", body=ChangeUser, idempotency=IDEMPOTENT, docs=Docs("updateCurrentUser", "Update the current user"))
    async def update(self, call: SignedInCall[ChangeUser]) -> Answer[ChangedUser]: ...

`get`, `get_list`, `post`, `put` and `delete` need an access token: the handler runs for a signed-in user. The `public_`
decorators leave that to the handler. A body is read strictly, as the struct that is named.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import attrs
import msgspec

from accounts_core.model.paging import DEFAULT_PAGE
from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.calls import Call, ListCall, SignedInCall
from accounts_http.idempotency import Idempotency
from accounts_http.openapi.declarations import Docs, Method, Route

B = TypeVar("B", bound=msgspec.Struct)

CREATED: Final = 201
ACCEPTED: Final = 202
NO_CONTENT: Final = 204

IDEMPOTENT: Final = Idempotency()
"""A write that may be repeated under an `Idempotency-Key`, in one unit of work with its stored answer."""


@attrs.frozen
class Declared:
    """A handler with its route."""

    route: Route
    handler: Callable[[Any, Any], Awaitable[Answer[Any] | Streamed]]


Read = Callable[[Any, SignedInCall[None]], Awaitable[Answer[Any] | Streamed]]
ReadList = Callable[[Any, ListCall], Awaitable[Answer[Any]]]
Write = Callable[[Any, SignedInCall[B]], Awaitable[Answer[Any]]]
PublicRead = Callable[[Any, Call[None]], Awaitable[Answer[Any]]]
PublicWrite = Callable[[Any, Call[B]], Awaitable[Answer[Any]]]


def get(path: str, *, docs: Docs) -> Callable[[Read], Declared]:
    """Declare a read of the signed-in user."""
    return lambda handler: Declared(Route(method="GET", path=path, docs=docs), handler)


def get_list(path: str, *, docs: Docs, page_size: int = DEFAULT_PAGE) -> Callable[[ReadList], Declared]:
    """Declare a list, answered in pages; `page_size` is the default `limit`."""
    return lambda handler: Declared(Route(method="GET", path=path, docs=docs, page_size=page_size), handler)


def post(
    path: str, *, body: type[B], docs: Docs, status: int = CREATED, idempotency: Idempotency | None = None
) -> Callable[[Write[B]], Declared]:
    """Declare a POST of the signed-in user."""
    return _write("POST", path, body, docs, status, idempotency)


def put(
    path: str, *, body: type[B], docs: Docs, status: int = 200, idempotency: Idempotency | None = None
) -> Callable[[Write[B]], Declared]:
    """Declare a PUT of the signed-in user."""
    return _write("PUT", path, body, docs, status, idempotency)


def delete(
    path: str, *, body: type[B], docs: Docs, idempotency: Idempotency | None = None
) -> Callable[[Write[B]], Declared]:
    """Declare a DELETE of the signed-in user, answered without a body."""
    return _write("DELETE", path, body, docs, NO_CONTENT, idempotency)


def public_get(path: str, *, docs: Docs, needs_token: bool = False) -> Callable[[PublicRead], Declared]:
    """Declare a read without a token, or one whose handler checks it."""
    route = Route(method="GET", path=path, docs=docs, needs_token=needs_token, authenticates=False)
    return lambda handler: Declared(route, handler)


def public_post(
    path: str, *, body: type[B], docs: Docs, status: int, accepts_key: bool = False
) -> Callable[[PublicWrite[B]], Declared]:
    """Declare a POST without a token. With `accepts_key` the handler treats repeats under an idempotency key."""
    route = Route(
        method="POST",
        path=path,
        docs=docs,
        status=status,
        body=body,
        needs_token=False,
        authenticates=False,
        accepts_key=accepts_key,
    )
    return lambda handler: Declared(route, handler)


def public_raw_post(path: str, *, docs: Docs, body_limit_bytes: int) -> Callable[[PublicRead], Declared]:
    """Declare a POST without a token whose handler reads the body as it came, answered without a body."""
    route = Route(
        method="POST",
        path=path,
        docs=docs,
        status=NO_CONTENT,
        needs_token=False,
        authenticates=False,
        raw_body=True,
        body_limit_bytes=body_limit_bytes,
    )
    return lambda handler: Declared(route, handler)


def _write(
    method: Method, path: str, body: type[B], docs: Docs, status: int, idempotency: Idempotency | None
) -> Callable[[Write[B]], Declared]:
    route = Route(
        method=method,
        path=path,
        docs=docs,
        status=status,
        body=body,
        accepts_key=idempotency is not None,
        idempotency=idempotency,
    )
    return lambda handler: Declared(route, handler)
