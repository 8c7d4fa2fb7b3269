"""In-memory adapters of every port, for tests, demos and development. Nothing suspends, waits or writes files."""

from .clock import ManualClock
from .gateway import MemoryGateway
from .hasher import PlainHasher
from .mailer import MemoryMailer
from .rate_limiter import MemoryRateLimiter
from .secrets import SequenceSecrets
from .store import MemoryReader, MemoryStore, MemoryUnitOfWork

__all__ = [
    "ManualClock",
    "MemoryGateway",
    "MemoryMailer",
    "MemoryRateLimiter",
    "MemoryReader",
    "MemoryStore",
    "MemoryUnitOfWork",
    "PlainHasher",
    "SequenceSecrets",
]
