from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId

from .store import Views, W_contra

E = TypeVar("E")


@attrs.frozen
class Pages(Generic[E]):
    """A list of an export that is read page by page, so that only one page of it is in memory at a time."""

    page: Callable[[Views, E | None], Awaitable[Sequence[E]]]
    """Takes the store's views and the last entry of the page before, None at first; returns the next page.

    An empty page is the end. Each page is a read of its own, outside the transaction that `OwnedData.export` ran in:
    what is written meanwhile may be in the export or not. An entry is an attrs instance or what JSON can say.
    """


class OwnedData(Protocol[W_contra]):
    """What a host keeps about a user. Runs in the deletion's own transaction, on the store's unit of work.

    It is typed with that unit, so that a type checker refuses an eraser for SQL on a store in memory.
    """

    async def preview(self, work: W_contra, user_id: UserId) -> DeletionPreview:
        """Count what `erase` would destroy and `disassociate` would leave without an author, by name.

        A name in `blocked_by` stops the deletion until it is settled.
        """
        ...

    async def export(self, work: W_contra, user_id: UserId) -> Mapping[str, Any]:
        """Return everything kept about the user, as JSON can say it, by name.

        What is returned is held in memory while the export is sent. A list that may become long should be `Pages`, as
        a value of the mapping or of a mapping in it.
        """
        ...

    async def erase(self, work: W_contra, user_id: UserId) -> None:
        """Destroy what the user owns."""
        ...

    async def disassociate(self, work: W_contra, user_id: UserId) -> None:
        """Keep what the user did among others, without saying who did it."""
        ...
