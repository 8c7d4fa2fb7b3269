"""Responses with one encoding and one set of headers, in as few steps as the framework allows.

Litestar builds a response in two steps and merges headers, cookies and encoders from every layer. This API needs none
of that, so an `Answer` encodes a msgspec struct directly into the two ASGI messages. If a host adds cookies to every
response, the framework's own way is used.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec
from litestar import Litestar, Request, Response
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from accounts_http.headers import JSON, PROTECTIVE, PROTECTIVE_HEADERS

T = TypeVar("T")

HEAD: Final = "accounts_litestar.head"
"""Set in the scope of a HEAD request that is handled as the GET of the same address."""


def is_head(scope: Scope) -> bool:
    """Return whether the answer has no body, because the method is HEAD (RFC 9110, 9.3.2)."""
    return scope.get("method") == "HEAD" or HEAD in scope


_encode: Final = msgspec.json.Encoder().encode


class Answer(Response[T]):
    """A response with `content` as JSON, or without a body for None; its default status is the route's.

    `background` runs after the answer is out.
    """

    def __init__(
        self,
        content: T,
        *,
        status_code: int | None = None,
        media_type: str = JSON,
        headers: dict[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        # not super().__init__: these are its fields, without the work of merging what is not there
        self.content = content
        self.status_code = status_code
        self.media_type = media_type
        self.headers = {} if headers is None else headers
        self.background = background
        self.cookies = []
        self.encoding = "utf-8"
        self.response_type_encoders = {}

    def to_asgi_response(
        self,
        app: Litestar | None,
        request: Request[Any, Any, Any],
        *,
        background: BackgroundTask | BackgroundTasks | None = None,
        cookies: Iterable[Cookie] | None = None,
        headers: dict[str, str] | None = None,
        status_code: int | None = None,
        **_: Any,
    ) -> ASGIResponse:
        """Return the ASGI response."""
        if cookies or self.cookies:
            return super().to_asgi_response(
                app,
                request,
                background=background,
                cookies=cookies,
                headers={**{name.lower(): value for name, value in (headers or {}).items()}, **PROTECTIVE_HEADERS},
                status_code=status_code,
            )
        sent = self._headers(headers)
        body = b""
        if self.content is not None:
            body = _encode(self.content)
            sent.append((b"content-type", str(self.media_type).encode()))
            sent.append((b"content-length", b"%d" % len(body)))
            if is_head(request.scope):
                body = b""
        return _Encoded(self.status_code or status_code or 200, sent, body, self.background or background)

    def _headers(self, headers: dict[str, str] | None) -> list[tuple[bytes, bytes]]:
        sent = list(PROTECTIVE)
        if headers or self.headers:
            added = {name.lower(): value for name, value in {**(headers or {}), **self.headers}.items()}
            sent += [
                (name.encode("latin-1"), str(value).encode("latin-1"))
                for name, value in added.items()
                if name not in PROTECTIVE_HEADERS
            ]
        return sent


class _Encoded(ASGIResponse):
    """An answer that is ready to be sent."""

    def __init__(
        self,
        status_code: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        background: BackgroundTask | BackgroundTasks | None,
    ) -> None:
        # not super().__init__: it would parse and encode again what is encoded
        self.status_code = status_code
        self.body = body
        self.background = background
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's three
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
        if self.background is not None:
            await self.background()
