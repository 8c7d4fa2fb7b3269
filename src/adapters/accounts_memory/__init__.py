"""Every port of the core in memory, for tests, demos and development: nothing here suspends, waits or writes a file."""

from .clock import ManualClock
from .gateway import MemoryGateway
from .hasher import PlainHasher
from .mailer import MemoryMailer
from .rate_limiter import MemoryRateLimiter
from .secrets import SequenceSecrets
from .store import MemoryStore, MemoryUnitOfWork, MemoryViews

__all__ = [
    "ManualClock",
    "MemoryGateway",
    "MemoryMailer",
    "MemoryRateLimiter",
    "MemoryStore",
    "MemoryUnitOfWork",
    "MemoryViews",
    "PlainHasher",
    "SequenceSecrets",
]
