"""Ordered lists, page by page."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from accounts_core.model.paging import Cursor

T = TypeVar("T")


def page(
    entries: Iterable[T],
    *,
    order: Callable[[T], Any],
    id: Callable[[T], Hashable],
    limit: int | None,
    before: Hashable | None,
) -> list[T]:
    """Return at most `limit` entries, the last in `order` first; with `before` only those after the one so named."""
    ordered = sorted(entries, key=order, reverse=True)
    if before is not None:
        places = [place for place, entry in enumerate(ordered) if id(entry) == before]
        ordered = ordered[places[0] + 1 :] if places else []
    return ordered[:limit]


def page_below(
    entries: Iterable[T], *, order: Callable[[T], tuple[datetime, Any]], limit: int | None, before: Cursor | None
) -> list[T]:
    """Return at most `limit` entries by time and key, the last first; with a cursor only those below it."""
    if before is not None:
        position = (before.created_at, before.key)
        entries = [entry for entry in entries if order(entry) < position]
    return sorted(entries, key=order, reverse=True)[:limit]
