"""Answers of the calls as responses of Starlette, which FastAPI sends as they are."""

from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from accounts_http.api.answers import Answer, Streamed, raw_headers
from accounts_http.api.sending import send_chunks


def response_of(answer: Answer[Any] | Streamed, *, is_head: bool) -> Response:
    """Return the response for an answer; to a HEAD it has no body (RFC 9110, 9.3.2)."""
    if isinstance(answer, Streamed):
        return StreamedResponse(answer, is_head=is_head)
    return AnswerResponse(answer, is_head=is_head)


class AnswerResponse(Response):
    """An answer, encoded."""

    def __init__(self, answer: Answer[Any], *, is_head: bool) -> None:
        # not super().__init__: it would encode again
        body = answer.encoded()
        headers = answer.raw_headers()
        if answer.content is not None:
            headers.append((b"content-type", answer.media_type.encode()))
            headers.append((b"content-length", b"%d" % len(body)))
        self.status_code = answer.status
        self.raw_headers = headers
        self.body = b"" if is_head else body
        self.background = None


class StreamedResponse(Response):
    """An answer that is made while it is sent: each chunk after the one before."""

    def __init__(self, answer: Streamed, *, is_head: bool) -> None:
        # not super().__init__: it would make a body
        self.status_code = answer.status
        self.raw_headers = [*raw_headers({}), (b"content-type", answer.media_type.encode())]
        self.background = None
        self._chunks = answer.chunks
        self._is_head = is_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's three
        """Send the chunks. If making one fails, the connection ends before the body does."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send_chunks(self._chunks, receive, send, is_head=self._is_head)
        if self.background is not None:
            await self.background()
