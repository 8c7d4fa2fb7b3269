"""Answers as responses of Litestar, with one set of headers, in as few steps as the framework allows.

Litestar builds a response in two steps and merges headers, cookies and encoders from every layer. This API needs none
of that, so an `AnswerResponse` makes the two ASGI messages directly, with the headers and cookies of a host's layers.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from litestar import Litestar, Request, Response
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from accounts_http.api.answers import Answer, encoded, raw_headers
from accounts_http.headers import PROTECTIVE_HEADERS

T = TypeVar("T")

HEAD: Final = "accounts_litestar.head"
"""Set in the scope of a HEAD request that is handled as the GET of the same address."""


def is_head(scope: Scope) -> bool:
    """Return whether the answer has no body, because the method is HEAD (RFC 9110, 9.3.2)."""
    return scope.get("method") == "HEAD" or HEAD in scope


class AnswerResponse(Response[T]):
    """The response with an answer of the API."""

    def __init__(self, answer: Answer[T]) -> None:
        # not super().__init__: these are its fields, without the work of merging what is not there
        self.content = answer.content
        self.status_code = answer.status
        self.media_type = answer.media_type
        self.headers = answer.headers
        self.background = None if answer.background is None else BackgroundTask(answer.background)
        self.cookies = []
        self.encoding = "utf-8"
        self.response_type_encoders = {}

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002  as Litestar calls it
        request: Request[Any, Any, Any],
        *,
        background: BackgroundTask | BackgroundTasks | None = None,
        cookies: Iterable[Cookie] | None = None,
        headers: dict[str, str] | None = None,
        status_code: int | None = None,
        **_: Any,
    ) -> ASGIResponse:
        """Return the ASGI response."""
        sent = layered_headers(self.headers, headers)
        if cookies or self.cookies:
            sent += cookie_headers([*self.cookies, *(cookies or ())])
        body = b""
        if self.content is not None:
            body = encoded(self.content)
            sent.append((b"content-type", str(self.media_type).encode()))
            sent.append((b"content-length", b"%d" % len(body)))
            if is_head(request.scope):
                body = b""
        return _Encoded(self.status_code or status_code or 200, sent, body, self.background or background)


def layered_headers(headers: dict[str, str], layers: dict[str, str] | None) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that the host's layers add, of which the answer's go before."""
    if not layers:
        return raw_headers(headers)
    added = {name.lower(): str(value) for name, value in layers.items()}
    return raw_headers({**{name: value for name, value in added.items() if name not in PROTECTIVE_HEADERS}, **headers})


def cookie_headers(cookies: Iterable[Cookie]) -> list[tuple[bytes, bytes]]:
    """Return the headers that set these cookies; of several with the same name, path and domain the first one."""
    sent = dict.fromkeys(cookie for cookie in cookies if not cookie.documentation_only)
    return [cookie.to_encoded_header() for cookie in sent]


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
