from collections.abc import Mapping
from typing import Any, Protocol

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId

from .store import W_contra


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
        """Return everything kept about the user, as JSON can say it, by name."""
        ...

    async def erase(self, work: W_contra, user_id: UserId) -> None:
        """Destroy what the user owns."""
        ...

    async def disassociate(self, work: W_contra, user_id: UserId) -> None:
        """Keep what the user did among others, without saying who did it."""
        ...
