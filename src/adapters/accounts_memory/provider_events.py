from collections.abc import Callable
from datetime import datetime

from accounts_core.ports.provider_events import ProviderEvents

from .schema import ReceivedEvent, Workspace


class MemoryProviderEvents:
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace

    async def add(self, id: str, *, at: datetime) -> bool:
        events = self._workspace().provider_events
        if events.get(id) is not None:
            return False
        events.add(ReceivedEvent(id=id, received_at=at))
        return True


_events: type[ProviderEvents] = MemoryProviderEvents
