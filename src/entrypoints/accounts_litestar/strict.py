"""The outermost layer: an ambiguous request gets no further, and no answer leaves without the headers that protect it.

A proxy that goes by the first of two `Host` headers and a service that goes by the second see two requests. Servers let
some of these through, so they are refused here, whatever the server is. What goes wrong and was caught nowhere else is
caught here, after the answer too: it is logged, answered where nothing was yet, and ends nothing but its request.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv6Address
from secrets import token_hex
from time import perf_counter
from typing import Any, Final, cast

import msgspec
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from accounts_litestar.answers import HEAD, PROTECTIVE_HEADERS
from accounts_litestar.edge import Malformed
from accounts_litestar.problems import MEDIA_TYPE, kind_of, logger, problem_of, trimmed
from accounts_litestar.proxies import TrustedProxies
from accounts_litestar.requests import RequestEntry, current_request, log_entry

ONCE: Final = frozenset({b"host", b"authorization", b"content-length", b"transfer-encoding"})
"""Headers of which a request has one at most (RFC 9112, 3.2; RFC 9110, 8.6; RFC 6750, 2)."""

VERSIONS: Final = frozenset({"1.0", "1.1", "2", "3"})
"""As ASGI names them. httptools takes HTTP/0.9 too, and HTTP/2.0 in the words of 1.1, and has other names for these."""

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{0,5}))?")
_MAX_PORT: Final = 65535

_ALIAS: Final = re.compile(rb"//|\\|%(?:2[Ff]|5[Cc])|/(?:\.|%2[Ee]){1,2}(?=/|$)")

REQUEST_ID: Final = b"x-request-id"

_ALWAYS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NO_DOCUMENT: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_SAME_ORIGIN: Final = (b"cross-origin-resource-policy", b"same-origin")
_ONLY_TLS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class _Scope(dict[str, Any]):
    """A request's scope, which does not show itself: tokens are in its headers, and its body is in its state."""

    def __repr__(self) -> str:
        return "<scope>"


class StrictEdge:
    """Wraps an application. `shared`: other origins' pages may read it; `only_tls`: browsers come back by HTTPS.

    `proxies` are looked through at who is behind them. `log` is given every request when it is over.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        shared: bool = False,
        only_tls: bool = False,
        proxies: TrustedProxies | None = None,
        log: Callable[[RequestEntry], None] = log_entry,
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._log = log
        self._added = [*_ALWAYS]
        if not shared:
            self._added.append(_SAME_ORIGIN)
        if only_tls:
            self._added.append(_ONLY_TLS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        scope = cast("Scope", _Scope(scope))
        is_head = scope.get("method") == "HEAD"
        if self._proxies is not None:
            self._proxies.apply(scope)
        entry = _entry(scope)
        if is_head:
            # whatever answers GET answers HEAD, health, pages and specification included (RFC 9110, 9.3.2)
            cast("dict[str, Any]", scope).update({"method": "GET", HEAD: True})
        token = current_request.set(entry)

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                message["headers"] = self._protected(message.get("headers", ()), entry.id)
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            reason = _ambiguity(scope["headers"], scope.get("http_version", "1.1"))
            if reason is not None:
                await _answer(Malformed(reason), protect, entry)
            elif _is_alias(scope):
                await _answer(NotFoundException(), protect, entry)
            else:
                await self._app(scope, receive, protect)
        except Exception as error:  # noqa: BLE001  the last resort: what it was, the log says
            trimmed(error)
            logger.error("%s %s failed.", entry.method, _route(scope), exc_info=error)
            if entry.status is None:
                await _answer(error, protect, entry)
        finally:
            entry.route = _route(scope)
            entry.seconds = perf_counter() - began
            self._log(entry)
            entry.secrets.clear()  # what was begun meanwhile, such as a connection, may keep the entry for long
            current_request.reset(token)

    def _protected(self, headers: Iterable[tuple[bytes, bytes]], name: str) -> list[tuple[bytes, bytes]]:
        sent = [(header, _with_head(value) if header == b"allow" else value) for header, value in headers]
        known = {header for header, _ in sent}
        sent += [(header, value) for header, value in self._added if header not in known]
        is_page = any(header == b"content-type" and value.startswith(b"text/html") for header, value in sent)
        if not is_page and _NO_DOCUMENT[0] not in known:
            sent.append(_NO_DOCUMENT)
        sent.append((REQUEST_ID, name.encode()))
        return sent


def _with_head(methods: bytes) -> bytes:
    """Return the methods of an `Allow` with HEAD wherever there is GET."""
    names = [name.strip() for name in methods.split(b",")]
    return b", ".join([*names, b"HEAD"] if b"GET" in names and b"HEAD" not in names else names)


def refusal(error: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
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
    # HTTP/1.0 needs no Host (RFC 9112, 3.2)
    if (version != "1.0" or b"host" in once) and not _is_host(once.get(b"host", b"")):
        return "A request has one header Host, with the name of a host and perhaps a port."
    return _doubt_about_length(once, version)


def _is_alias(scope: Any) -> bool:
    """Whether the path is another way to write one that there is: who guards paths before us does not know it.

    The framework takes a row of slashes for one, and an encoded slash for a plain one.
    """
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    return _ALIAS.search(raw) is not None


def _is_host(value: bytes) -> bool:
    """Whether this is what `urllib` and every proxy can read: a name or an address, and perhaps a port."""
    found = _HOST.fullmatch(value)
    if found is None or int(found[2] or 0) > _MAX_PORT:
        return False
    try:
        return found[1] is None or IPv6Address(found[1].decode()) is not None
    except ValueError:
        return False


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


def _entry(scope: Any) -> RequestEntry:
    method, client = scope["method"], scope.get("client")
    return RequestEntry(
        id=token_hex(12), method=method if method in _METHODS else "other", client=client[0] if client else None
    )


def _route(scope: Any) -> str | None:
    route: str | None = scope.get("path_template")  # Litestar's, once it has found one
    return route


async def _answer(error: Exception, send: Send, entry: RequestEntry) -> None:
    """Answer with a problem outside the application, and be done with the connection."""
    entry.facts.update(problem=kind_of(error).name, error=type(error).__name__)
    status, headers, body = refusal(error)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
