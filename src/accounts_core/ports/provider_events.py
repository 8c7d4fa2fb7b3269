from datetime import datetime
from typing import Protocol


class ProviderEvents(Protocol):
    """Which of the payment provider's events were received, in one transaction: each comes at least once."""

    async def add(self, id: str, *, at: datetime) -> bool:
        """Note an event and return True; False, with nothing noted, when it was received before.

        Of two units that add the same event at once one gets True; the other waits and gets False, or gets `Conflict`,
        here or at commit.
        """
        ...
