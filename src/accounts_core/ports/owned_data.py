"""Port: data about a user that is exported and deleted with the user.

An application registers one for tables of its own; `services.owned_data` does it for the library's. Called by deletion,
its preview and export. Everything but pages runs in one transaction of the store, with its unit of work.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId

from .store import Reader, W_contra

E = TypeVar("E")


@attrs.frozen
class Pages(Generic[E]):
    """A list of an export that is read page by page, so that one page is in memory at a time."""

    page: Callable[[Reader, E | None], Awaitable[Sequence[E]]]
    """Gets the store's reader and the last entry of the previous page, None at first; returns the next page.

    An empty page is the end. Each page is read on its own, outside of the transaction of `OwnedData.export`: rows
    written meanwhile may be in the export or not. An entry is an attrs instance or a JSON value.
    """


class OwnedData(Protocol[W_contra]):
    """Data that the application keeps about a user.

    It is typed with the store's unit of work, so that a type checker refuses an implementation for SQL on a memory
    store.
    """

    async def preview(self, work: W_contra, user_id: UserId) -> DeletionPreview:
        """Count what `erase` would delete, and what `disassociate` would leave without an author, by name.

        Returns:
            The counts. A name in `blocked_by` prevents the deletion of the user.

        """
        ...

    async def export(self, work: W_contra, user_id: UserId) -> Mapping[str, Any]:
        """Return everything stored about the user, by name.

        The returned mapping stays in memory while the export is sent. A list that may become long should be `Pages`, as
        a value of the mapping or of a mapping in it.

        Returns:
            JSON values, and `Pages`.

        """
        ...

    async def erase(self, work: W_contra, user_id: UserId) -> None:
        """Delete what the user owns.

        Called before `disassociate`, for all implementations first. The user's row is still there.
        """
        ...

    async def disassociate(self, work: W_contra, user_id: UserId) -> None:
        """Remove the user's name from shared data, and keep the rest."""
        ...
