"""Reading one page of a list, from wherever a client says it is."""

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


@attrs.frozen(kw_only=True)
class Listed(Generic[E, P]):
    """A list, as its pages are read."""

    name: str
    """Which list it is and whose: a position belongs to one list."""
    kind: type[P]
    """What its positions are: `Cursor`, or `int`."""
    position: Callable[[E], P]
    read: Callable[[int, P | None], Awaitable[Sequence[E]]]
    """Reads at most so many entries, those below a position."""
    find: Callable[[str], Awaitable[P | None]]
    """Returns the position of the entry with this id; None where it is not, or not any more, in this list."""
    is_shown: Callable[[E], bool] = lambda _: True
    size: Callable[[E], int] = lambda _: 0
    max_size: int = 0
    """The most that the entries of a page sum up to by `size`, the first not counted: a page may end early."""

    async def page(self, *, limit: int, before: str | int | None) -> Page[E]:
        """Return at most `limit` entries, from the position or the id `before` on.

        Raises:
            Invalid: On `before`, when it is neither a position of this list nor the id of an entry that is in it.

        """
        if limit < 1:
            return Page[E]()
        below = None if before is None else await self._below(str(before))
        # one more than asked for, to know whether there are more; long entries are not all read at once
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
        raise Invalid("before", "This is neither the next position of a page of this list nor the id of one in it.")
