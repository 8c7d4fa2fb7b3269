from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.ids import UserId


class Devices(Protocol):
    """The devices that users have signed in from, each known by a digest of what it says it is, of one transaction."""

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        """Remember a device; say whether it is new to this user. Raises `Conflict` when the user is gone."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """Count the user's devices."""
        ...

    async def first_seen(self, user_id: UserId) -> Sequence[datetime]:
        """Return when each of the user's devices was seen first, the newest first."""
        ...

    async def remove_of(self, user_id: UserId) -> None:
        """Forget the user's devices."""
        ...
