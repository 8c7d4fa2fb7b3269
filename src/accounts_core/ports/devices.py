"""Port: the devices that users have signed in from.

Called when a session is opened, and for exports and deletion. A device is known by a digest of its user agent, never by
the text.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor


@attrs.frozen
class KnownDevice:
    """A device that a user has signed in from."""

    first_seen_at: datetime
    """The time of the first sign-in from it."""
    digest: bytes = attrs.field(repr=False)
    """SHA-256 of the user agent without its numbers."""


class DeviceReader(Protocol):
    """Reads of known devices."""

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[KnownDevice]:
        """Return devices of a user, the newest first (ties by digest, descending).

        Args:
            user_id: The user; an unknown one has no devices.
            limit: The most devices to return.
            before: Only devices below this position, whether or not there is a device at it.

        Returns:
            The devices.

        """
        ...


class Devices(DeviceReader, Protocol):
    """The known devices in one transaction."""

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        """Store a device, or the time at which it was seen again.

        Returns:
            Whether it is new to this user.

        Raises:
            Conflict: Here or at commit: the user is gone.

        """
        ...

    async def count_for_user(self, user_id: UserId) -> int:
        """Return the number of the user's devices."""
        ...

    async def delete_for_user(self, user_id: UserId) -> None:
        """Delete all devices of the user."""
        ...
