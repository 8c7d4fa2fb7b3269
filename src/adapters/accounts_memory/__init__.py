"""Every port of the core in memory, for tests, demos and development: nothing here suspends, waits or writes a file."""

from .clock import ManualClock
from .gateway import MemoryGateway
from .hasher import PlainHasher
from .limits import MemoryLimits
from .notifier import MemoryNotifier
from .secrets import SequenceSecrets
from .store import MemoryStore, MemoryUnitOfWork, MemoryViews

__all__ = [
    "ManualClock",
    "MemoryGateway",
    "MemoryLimits",
    "MemoryNotifier",
    "MemoryStore",
    "MemoryUnitOfWork",
    "MemoryViews",
    "PlainHasher",
    "SequenceSecrets",
]
