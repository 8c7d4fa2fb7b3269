"""Answers of the calls, which a web framework sends."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, Generic, TypeVar

import attrs
import msgspec

from accounts_http.headers import JSON, PROTECTIVE, PROTECTIVE_HEADERS

T = TypeVar("T")

Background = Callable[[], Awaitable[None]]
"""A function that is called after the answer is out, and raises nothing that matters to the client."""

encoded: Final = msgspec.json.Encoder().encode
"""Encodes the content of an answer."""


@attrs.define(eq=False)
class Answer(Generic[T]):
    """An answer with `content` as JSON, or without a body for None. A `msgspec.Raw` is sent as it is."""

    content: T = attrs.field(repr=False)
    status: int = attrs.field(default=0, kw_only=True)
    """Zero until the call was run: a handler sets it only where it is not the call's."""
    media_type: str = attrs.field(default=JSON, kw_only=True)
    headers: dict[str, str] = attrs.field(factory=dict, kw_only=True, repr=False)
    """Lower-case names and values."""
    background: Background | None = attrs.field(default=None, kw_only=True, repr=False)

    def encoded(self) -> bytes:
        """Return the body."""
        return b"" if self.content is None else encoded(self.content)

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as ASGI takes them, with the protective ones, without type and length of the body."""
        return raw_headers(self.headers)


@attrs.define(eq=False)
class Streamed:
    """An answer whose body is made while it is sent: each chunk after the one before.

    If making a chunk fails, the connection is closed, so that the client notices that the body is incomplete.
    """

    chunks: AsyncGenerator[bytes, None] = attrs.field(repr=False)
    background: Background | None = attrs.field(default=None, kw_only=True, repr=False)
    status: int = attrs.field(default=0, kw_only=True)
    media_type: str = attrs.field(default=JSON, kw_only=True)


def raw_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the protective headers and these, which go before: as ASGI takes them."""
    if not headers:
        return list(PROTECTIVE)
    sent = [(name, value) for name, value in PROTECTIVE_HEADERS.items() if name not in headers]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*sent, *headers.items())]
