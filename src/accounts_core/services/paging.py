"""One page of a list, from a position that the client gives."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import attrs

from accounts_core.errors import Invalid
from accounts_core.model.paging import (
    DEFAULT_PAGE,
    Page,
    Position,
    is_position_text,
    position_text,
    read_position_text,
)

E = TypeVar("E")

P = TypeVar("P", bound=Position)

MAX_ID: Final = 255
"""The longest text that is looked up as the id of an entry, in characters."""


@attrs.frozen(kw_only=True)
class Listed(Generic[E, P]):
    """Description of a list that is read page by page."""

    name: str
    """Identifies the list and its owner: a position is valid in one list only."""
    kind: type[P]
    """The type of its positions: `Cursor`, or `int`."""
    position: Callable[[E], P]
    """Returns the position of an entry."""
    read: Callable[[int, P | None], Awaitable[Sequence[E]]]
    """Reads at most this many entries below a position, None for the first ones."""
    find: Callable[[str], Awaitable[P | None]]
    """Returns the position of the entry with this id, None if it is not in this list (any more)."""
    is_shown: Callable[[E], bool] = lambda _: True
    """Whether an entry is part of the page."""
    size: Callable[[E], int] = lambda _: 0
    """The size of an entry, for `max_size`."""
    max_size: int = 0
    """The largest sum of sizes in a page, the first entry not counted; 0 for no limit. A page may end early."""

    async def page(self, *, limit: int, before: str | int | None) -> Page[E]:
        """Return at most `limit` entries after a position.

        Args:
            limit: The most entries; less than 1 gives an empty page.
            before: A position in this list or the id of an entry; None for the first page.

        Returns:
            The page, with the position of the next one.

        Raises:
            Invalid: On `before`, if it is neither a cursor of this list nor the id of an entry.

        """
        if limit < 1:
            return Page[E]()
        below = None if before is None else await self._below(str(before))
        # one more than asked for, to know whether there is a next page; long entries are read in smaller portions
        at_once = 1 + (limit if not self.max_size else min(limit, DEFAULT_PAGE))
        page, size = Page[E](), 0
        while True:
            entries = await self.read(at_once, below)
            for entry in entries:
                if not self.is_shown(entry):
                    continue
                size += self.size(entry)
                if len(page) == limit or (page and size > self.max_size > 0):
                    page.next = position_text(self.name, self.position(page[-1]))
                    return page
                page.append(entry)
            if len(entries) < at_once:
                return page
            below = self.position(entries[-1])

    async def _below(self, before: str) -> P:
        if is_position_text(before):
            position = read_position_text(self.name, before)
            if isinstance(position, self.kind):
                return position
        elif len(before) <= MAX_ID:
            found = await self.find(before)
            if found is not None:
                return found
        raise Invalid("before", "This is neither a cursor of this list nor the id of an entry in it.")
