"""Ordered lists, page by page."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

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
