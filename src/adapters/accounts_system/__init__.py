"""Clock and random source of the operating system, and the workers, on an event loop or on threads.

Uses the standard library only.
"""

from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_system.blocking_worker import BlockingWorker
from accounts_system.clock import SystemClock
from accounts_system.secrets import SystemSecrets
from accounts_system.worker import Worker

__all__ = ["BlockingWorker", "SystemClock", "SystemSecrets", "Worker"]

_clock: type[Clock] = SystemClock
_secrets: type[Secrets] = SystemSecrets
