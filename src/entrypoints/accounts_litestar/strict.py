"""The outermost layer: an ambiguous request gets no further, and no answer leaves without the headers that protect it.

A proxy that goes by the first of two `Host` headers and a service that goes by the second see two requests. Servers let
some of these through, so they are refused here, whatever the server is.
"""

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from secrets import token_hex
from typing import Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from accounts_litestar.answers import PROTECTIVE_HEADERS
from accounts_litestar.edge import EdgeError, Malformed
from accounts_litestar.problems import MEDIA_TYPE, kind_of, problem_of

ONCE: Final = frozenset({b"host", b"authorization", b"content-length", b"transfer-encoding"})
"""Headers of which a request has one at most (RFC 9112, 3.2; RFC 9110, 8.6; RFC 6750, 2)."""

VERSIONS: Final = frozenset({"1.0", "1.1", "2", "3"})
"""As ASGI names them. httptools takes HTTP/0.9 too, and HTTP/2.0 in the words of 1.1, and has other names for these."""

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")

REQUEST_ID: Final = b"x-request-id"

_ALWAYS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NO_DOCUMENT: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_SAME_ORIGIN: Final = (b"cross-origin-resource-policy", b"same-origin")
_ONLY_TLS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Names the request that is being answered, in its answer and in the log."""


class StrictEdge:
    """Wraps an application. `shared`: other origins' pages may read it; `only_tls`: browsers come back by HTTPS."""

    def __init__(self, app: ASGIApp, *, shared: bool = False, only_tls: bool = False) -> None:
        self._app = app
        self._added = [*_ALWAYS]
        if not shared:
            self._added.append(_SAME_ORIGIN)
        if only_tls:
            self._added.append(_ONLY_TLS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        name = token_hex(12)
        token = request_id.set(name)

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._protected(message.get("headers", ()), name)
            await send(message)

        try:
            reason = _ambiguity(scope["headers"], scope.get("http_version", "1.1"))
            if reason is None:
                await self._app(scope, receive, protect)
            else:
                await _refuse(reason, protect)
        finally:
            request_id.reset(token)

    def _protected(self, headers: Iterable[tuple[bytes, bytes]], name: str) -> list[tuple[bytes, bytes]]:
        sent = list(headers)
        known = {header for header, _ in sent}
        sent += [(header, value) for header, value in self._added if header not in known]
        is_page = any(header == b"content-type" and value.startswith(b"text/html") for header, value in sent)
        if not is_page and _NO_DOCUMENT[0] not in known:
            sent.append(_NO_DOCUMENT)
        sent.append((REQUEST_ID, name.encode()))
        return sent


def refusal(error: EdgeError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of an answer that also ends the connection.

    What follows on it may be the rest of what was meant otherwise.
    """
    kind = kind_of(error)
    body = msgspec.json.encode(problem_of(error, kind))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *((name.encode(), value.encode()) for name, value in PROTECTIVE_HEADERS.items()),
        _ALWAYS[1],
        _NO_DOCUMENT,
    ]
    return kind.status, headers, body


def _ambiguity(headers: Iterable[tuple[bytes, bytes]], version: str) -> str | None:
    """Say what is wrong with the headers of a request, if anything."""
    once: dict[bytes, bytes] = {}
    size = count = 0
    for name, value in headers:
        count += 1
        size += len(name) + len(value)
        if name in ONCE:
            if name in once:
                return f"The header {name.decode().title()} is sent more than once."
            once[name] = value
    if count > MAX_HEADERS or size > MAX_HEADER_BYTES:
        return f"A request has at most {MAX_HEADERS} headers and {MAX_HEADER_BYTES} bytes in them."
    if version not in VERSIONS:
        return "The request is not HTTP/1.1."
    # HTTP/1.0 knows no Host (RFC 9112, 3.2)
    if version != "1.0" and _HOST.fullmatch(once.get(b"host", b"")) is None:
        return "A request has one header Host, with the name of a host and perhaps a port."
    return _doubt_about_length(once, version)


def _doubt_about_length(once: Mapping[bytes, bytes], version: str) -> str | None:
    coding = once.get(b"transfer-encoding")
    if coding is None:
        return None
    if b"content-length" in once:
        return "A request has a Content-Length or a Transfer-Encoding, not both."
    # a reader who skips a coding that it does not know, or all of them, sees another body (RFC 9112, 6.1)
    if version == "1.0" or coding.strip().lower() != b"chunked":
        return "The only Transfer-Encoding known here is chunked, in HTTP/1.1."
    return None


async def _refuse(reason: str, send: Send) -> None:
    status, headers, body = refusal(Malformed(reason))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
