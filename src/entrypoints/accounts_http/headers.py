"""Headers and query of requests, and the headers that every response has."""

from collections.abc import Iterable
from typing import Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

PROTECTIVE: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Every answer is given under a token, holds one or is about one: no cache stores it, and no browser guesses its
type."""
PROTECTIVE_HEADERS: Final = {name.decode(): value.decode() for name, value in PROTECTIVE}
"""`PROTECTIVE` as text."""


class Headers:
    """The headers of a request. Its `repr` shows none of them: a traceback with local variables must hold no token.

    Args:
        pairs: Lower-case names and values, in the order in which they came, as ASGI passes them.

    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs

    def __repr__(self) -> str:
        return "<Headers>"

    def values(self, name: bytes) -> list[str]:
        """Return the values of every header with this lower-case name, in order."""
        return [value.decode("latin-1") for header, value in self._pairs if header == name]

    def joined(self) -> dict[str, str]:
        """Return the headers by lower-case name; the values of a repeated one are joined (RFC 9110, 5.3)."""
        values: dict[str, list[str]] = {}
        for name, value in self._pairs:
            values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return {name: ", ".join(each) for name, each in values.items()}


class QueryString(bytes):
    """The raw query of a request. Its `repr` does not show it, as with `Headers`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<QueryString>"
