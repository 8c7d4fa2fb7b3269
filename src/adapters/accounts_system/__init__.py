"""The machine: the `Clock` and the `Secrets` of a real service, and the workers on its event loop or its threads.

The standard library alone, so any product may use it, with an event loop or without.
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
