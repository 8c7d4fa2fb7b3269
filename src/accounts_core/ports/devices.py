from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor


@attrs.frozen
class KnownDevice:
    """A device that a user has signed in from: when first, and the digest that it is known by."""

    first_seen_at: datetime
    digest: bytes = attrs.field(repr=False)


class DeviceReads(Protocol):
    """Reading known devices."""

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[KnownDevice]:
        """Return at most `limit` devices of the user, the newest first (ties by digest, descending).

        After a `Cursor` come those below it, whether or not there is a device at it.
        """
        ...


class Devices(DeviceReads, Protocol):
    """The devices that users have signed in from, each known by a digest of what it says it is, of one transaction."""

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        """Remember a device, or that it was seen again; say whether it is new to this user.

        Raises `Conflict` when the user is gone.
        """
        ...

    async def count_of(self, user_id: UserId) -> int:
        """Count the user's devices."""
        ...

    async def remove_of(self, user_id: UserId) -> None:
        """Forget the user's devices."""
        ...
