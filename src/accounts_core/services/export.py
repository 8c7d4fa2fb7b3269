"""Exports of personal data as a sequence of parts, so that one page is in memory at a time."""

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Any

import attrs

from accounts_core.ports.owned_data import Pages
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.plain import plain

Path = tuple[str, ...]


@attrs.frozen
class ExportPart:
    """A part of an export, in document order."""

    path: Path
    """Names that lead to the value, such as `("invitations", "sent")`."""
    value: Any
    """A JSON value."""
    is_page: bool = False
    """Whether `value` is a page of the list at `path`; the next part may hold more of it."""


async def export_parts(store: Store[UnitOfWork], contents: Mapping[str, Any]) -> AsyncGenerator[ExportPart, None]:
    """Yield the parts of an export in order, reading each page when it is asked for.

    No read is open and no connection is held while the caller handles a part. Errors of reading are raised to the
    caller; the parts until then are not a complete export.
    """
    for path, value in _leaves(contents, ()):
        if not isinstance(value, Pages):
            yield ExportPart(path, value)
            continue
        yield ExportPart(path, [], is_page=True)
        last = None
        while True:
            async with store.reader() as reader:
                entries = await value.page(reader, last)
            if not entries:
                break
            last = entries[-1]
            yield ExportPart(path, plain(entries), is_page=True)
            del entries  # so that two pages are never in memory


def put_together(document: dict[str, Any], part: ExportPart) -> None:
    """Add a part to the document that it belongs to."""
    *above, name = part.path
    place = document
    for each in above:
        place = place.setdefault(each, {})
    if part.is_page:
        place.setdefault(name, []).extend(part.value)
    else:
        place[name] = part.value


def _leaves(contents: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every value with its path; a mapping with pages in it is entered."""
    for name, value in contents.items():
        path = (*above, name)
        if isinstance(value, Mapping) and any(isinstance(each, Pages) for _, each in _leaves(value, path)):
            yield from _leaves(value, path)
        else:
            yield path, value


def _to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class ExportWriter:
    """Writes an export as one JSON object, part by part.

    The text is valid JSON only with what `end` returns.
    """

    def __init__(self, encode: Callable[[Any], bytes] = _to_json) -> None:
        self._encode = encode
        self._open: Path = ()
        self._list: Path | None = None
        self._separator = b"{"
        self._between_entries = b""

    def write(self, part: ExportPart) -> bytes:
        """Return the text of the part, with the separators after the part before."""
        text = b""
        if self._list is None or part.path != self._list:
            text = self._close_list() + self._go_to(part.path[:-1]) + self._name(part.path[-1])
            if part.is_page:
                text += b"["
                self._list, self._between_entries = part.path, b""
        if not part.is_page:
            self._separator = b","
            return text + self._encode(part.value)
        entries = self._encode(part.value)[1:-1]
        if entries:
            text += self._between_entries + entries
            self._between_entries = b","
        return text

    def end(self) -> bytes:
        """Return the rest of the text after the last part."""
        text = self._close_list() + self._go_to(())
        return text + (b"{}" if self._separator == b"{" else b"}")

    def _close_list(self) -> bytes:
        if self._list is None:
            return b""
        self._list, self._separator = None, b","
        return b"]"

    def _go_to(self, above: Path) -> bytes:
        """Close the objects that are left at `above`, and open those that it enters."""
        common = 0
        while common < min(len(self._open), len(above)) and self._open[common] == above[common]:
            common += 1
        text = b"}" * (len(self._open) - common)
        for name in above[common:]:
            text += self._name(name)
            self._separator = b"{"
        self._open = above
        return text

    def _name(self, name: str) -> bytes:
        return self._separator + self._encode(name) + b":"
