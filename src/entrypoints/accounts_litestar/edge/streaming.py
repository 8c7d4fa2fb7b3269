"""Streamed answers as responses of Litestar."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from litestar import Litestar, Request
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.sending import send_chunks
from accounts_litestar.edge.answers import AnswerResponse, cookie_headers, is_head, layered_headers


class StreamedResponse(AnswerResponse[None]):
    """The response with a streamed answer of the API."""

    def __init__(self, streamed: Streamed) -> None:
        answer = Answer(None, status=streamed.status, media_type=streamed.media_type, background=streamed.background)
        super().__init__(answer)
        self._chunks = streamed.chunks

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
        sent = [*layered_headers(self.headers, headers), (b"content-type", str(self.media_type).encode())]
        sent += cookie_headers([*self.cookies, *(cookies or ())])
        return _Streaming(
            self.status_code or status_code or 200,
            sent,
            self._chunks,
            self.background or background,
            is_head=is_head(request.scope),
        )


class _Streaming(ASGIResponse):
    """An answer that is made while it is sent."""

    def __init__(
        self,
        status_code: int,
        headers: list[tuple[bytes, bytes]],
        chunks: AsyncGenerator[bytes, None],
        background: BackgroundTask | BackgroundTasks | None,
        *,
        is_head: bool,
    ) -> None:
        # not super().__init__: it would make a body
        self.status_code = status_code
        self.background = background
        self._headers = headers
        self._chunks = chunks
        self._is_head = is_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's three
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._headers})
        await send_chunks(self._chunks, receive, send, is_head=self._is_head)
        if self.background is not None:
            await self.background()
