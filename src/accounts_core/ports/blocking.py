"""Ports for hosts without an event loop.

An adapter whose `async def` methods never suspend says so with `suspends: ClassVar[Literal[False]] = False`. The
blocking way in accepts only such adapters, so a type checker finds an asynchronous one under a synchronous host.
"""

from typing import ClassVar, Literal, Protocol

from .limits import Limits
from .notifier import Notifier
from .password_hasher import PasswordHasher
from .payment_gateway import PaymentGateway
from .store import Store, W_co


class NeverSuspends(Protocol):
    suspends: ClassVar[Literal[False]]


class BlockingStore(Store[W_co], NeverSuspends, Protocol[W_co]):
    """A `Store` that works without an event loop."""


class BlockingPaymentGateway(PaymentGateway, NeverSuspends, Protocol):
    """A `PaymentGateway` that works without an event loop."""


class BlockingPasswordHasher(PasswordHasher, NeverSuspends, Protocol):
    """A `PasswordHasher` that works without an event loop."""


class BlockingLimits(Limits, NeverSuspends, Protocol):
    """`Limits` that work without an event loop."""


class BlockingNotifier(Notifier, NeverSuspends, Protocol):
    """A `Notifier` that works without an event loop."""
