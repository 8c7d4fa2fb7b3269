"""Rules against ambiguous requests, and the headers that protect every answer.

A proxy that uses the first of two `Host` headers and a service that uses the second see two requests. Servers let some
of these through, so they are refused here, whatever the server is.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from typing import Final

import msgspec

from accounts_http.headers import PROTECTIVE
from accounts_http.problems import MEDIA_TYPE, ProblemType, problem_document, problem_type_of

ONCE: Final = frozenset({b"host", b"authorization", b"content-length", b"transfer-encoding"})
"""Headers of which a request has one at most (RFC 9112, 3.2; RFC 9110, 8.6; RFC 6750, 2)."""

VERSIONS: Final = frozenset({"1.0", "1.1", "2", "3"})
"""As ASGI names them. httptools also accepts HTTP/0.9, and HTTP/2.0 in the syntax of 1.1, under other names."""

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


def ambiguity_of(headers: Iterable[tuple[bytes, bytes]], version: str) -> str | None:
    """Return what is wrong with the headers of a request, or None."""
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
        return "A request has one Host header, with the name of a host and an optional port."
    return _doubt_about_length(once, version)


def is_path_alias(raw_path: bytes) -> bool:
    """Return whether the path is another spelling of a path, which a guard in front of the service may not recognize.

    Frameworks take several slashes for one, and an encoded slash for a plain one.
    """
    return _ALIAS.search(raw_path) is not None


class ProtectiveHeaders:
    """Adds the headers that every answer has.

    Args:
        shared: Whether pages of other origins may read the answers (CORS).
        only_tls: Whether browsers are told to come back by HTTPS alone.

    """

    def __init__(self, *, shared: bool = False, only_tls: bool = False) -> None:
        self._added = [*_ALWAYS]
        if not shared:
            self._added.append(_SAME_ORIGIN)
        if only_tls:
            self._added.append(_ONLY_TLS)

    def added_to(self, headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        """Return the headers of an answer with these added. A header that is there already stays as it is."""
        sent = [(header, _with_head(value) if header == b"allow" else value) for header, value in headers]
        present = {header for header, _ in sent}
        sent += [(header, value) for header, value in self._added if header not in present]
        is_page = any(header == b"content-type" and value.startswith(b"text/html") for header, value in sent)
        if not is_page and _NO_DOCUMENT[0] not in present:
            sent.append(_NO_DOCUMENT)
        sent.append((REQUEST_ID, request_id.encode()))
        return sent


def _with_head(methods: bytes) -> bytes:
    """Return the methods of an `Allow` with HEAD wherever there is GET."""
    names = [name.strip() for name in methods.split(b",")]
    return b", ".join([*names, b"HEAD"] if b"GET" in names and b"HEAD" not in names else names)


def refusal(error: Exception, kind: ProblemType | None = None) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of an answer that also closes the connection.

    The bytes that follow on it may belong to the refused request.

    Args:
        error: The reason.
        kind: The problem type of a framework's own exception; otherwise it is looked up.

    """
    kind = kind or problem_type_of(error)
    body = msgspec.json.encode(problem_document(error, kind))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *PROTECTIVE,
        _ALWAYS[1],
        _NO_DOCUMENT,
    ]
    return kind.status, headers, body


def _is_host(value: bytes) -> bool:
    """Return whether `urllib` and every proxy can read this: a name or an address, with or without a port."""
    match = _HOST.fullmatch(value)
    if match is None or int(match[2] or 0) > _MAX_PORT:
        return False
    try:
        return match[1] is None or IPv6Address(match[1].decode()) is not None
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
        return "The only supported Transfer-Encoding is chunked, in HTTP/1.1."
    return None
