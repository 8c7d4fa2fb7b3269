"""The time and the randomness of the machine: the `Clock` and the `Secrets` of a real service.

The standard library alone, so any product may use it, with an event loop or without.
"""

from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_system.clock import SystemClock
from accounts_system.secrets import SystemSecrets

__all__ = ["SystemClock", "SystemSecrets"]

_clock: type[Clock] = SystemClock
_secrets: type[Secrets] = SystemSecrets
