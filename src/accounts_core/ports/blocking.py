"""Ports for applications without an event loop.

`BlockingAccounts` requires adapters whose `async def` methods never suspend. Such an adapter declares
`suspends: ClassVar[Literal[False]] = False`, so that a type checker refuses an asynchronous one. One that waits,
such as for a database or a hash, declares `blocks: ClassVar[Literal[True]] = True` as well: `Accounts` refuses it,
because everything else on the event loop would wait with it.
"""

from typing import ClassVar, Literal, Protocol

from .mailer import Mailer
from .password_hasher import PasswordHasher
from .payment_gateway import PaymentGateway
from .rate_limiter import RateLimiter
from .store import Store, W_co


class NeverSuspends(Protocol):
    """Marks an adapter whose coroutines finish without an event loop."""

    suspends: ClassVar[Literal[False]]


class BlockingStore(Store[W_co], NeverSuspends, Protocol[W_co]):
    """A `Store` that works without an event loop, and so does its rate limiter."""

    def rate_limiter(self) -> "BlockingRateLimiter":
        """Return a rate limiter, as `Store.rate_limiter` does."""
        ...

    def joined(self, transaction: object) -> "BlockingStore[W_co]":
        """See `Store.joined`."""
        ...


class BlockingPaymentGateway(PaymentGateway, NeverSuspends, Protocol):
    """A `PaymentGateway` that works without an event loop."""


class BlockingPasswordHasher(PasswordHasher, NeverSuspends, Protocol):
    """A `PasswordHasher` that works without an event loop."""


class BlockingRateLimiter(RateLimiter, NeverSuspends, Protocol):
    """A `RateLimiter` that works without an event loop."""


class BlockingMailer(Mailer, NeverSuspends, Protocol):
    """A `Mailer` that works without an event loop."""
