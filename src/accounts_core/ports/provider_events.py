"""Port: ids of the payment provider's events that were received.

Called by `ReceiveProviderEvent`. Providers deliver each event at least once; this detects repeats.
"""

from datetime import datetime
from typing import Protocol


class ProviderEvents(Protocol):
    """The received events in one transaction."""

    async def add(self, id: str, *, at: datetime) -> bool:
        """Record an event unless it is recorded.

        Of two units of work that add one event at once, one gets True; the other waits and gets False, or gets
        `Conflict`.

        Returns:
            Whether the event is new.

        Raises:
            Conflict: Here or at commit: another unit of work added it at the same time.
            Invalid: The id cannot be stored.

        """
        ...
