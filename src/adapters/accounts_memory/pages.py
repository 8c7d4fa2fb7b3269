"""Pagination of ordered lists."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from accounts_core.model.paging import Cursor

T = TypeVar("T")


def page_below(
    entries: Iterable[T], *, order: Callable[[T], tuple[datetime, Any]], limit: int, before: Cursor | None
) -> list[T]:
    """Return at most `limit` entries by time and key, newest first, starting after the cursor if there is one."""
    if before is not None:
        position = (before.created_at, before.key)
        entries = [entry for entry in entries if order(entry) < position]
    return sorted(entries, key=order, reverse=True)[:limit]


def page_below_number(entries: Iterable[T], *, number: Callable[[T], int], limit: int, before: int | None) -> list[T]:
    """Return at most `limit` entries by number, descending, only those below `before` if it is set."""
    below = [entry for entry in entries if before is None or number(entry) < before]
    return sorted(below, key=number, reverse=True)[:limit]
