"""Port: the database, as repositories in units of work and as reads outside of any.

Called by use cases and services. `Store.begin` says what every method of a repository may raise.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from accounts_core.model.events import DomainEvent

from .audit import Audit, AuditReader
from .cleanup import Cleanup, CleanupReader
from .devices import DeviceReader, Devices
from .idempotency import IdempotencyReader, IdempotencyStore
from .mail_tokens import MailTokenReader, MailTokens
from .notifications import NotificationReader, Notifications
from .outbox import Outbox, OutboxReader
from .payment_methods import PaymentMethodReader, PaymentMethods
from .provider_events import ProviderEvents
from .rate_limiter import RateLimiter
from .sessions import SessionReader, Sessions
from .sign_ups import SignUps
from .teams import TeamReader, Teams
from .users import UserReader, Users
from .verifications import VerificationReader, Verifications


class Reader(Protocol):
    """Reads outside of any transaction: each sees what is committed when it runs.

    A store compares rows that it reads by id, digest, address or user with what was asked for, and raises
    `AnswerMismatch` if they differ. Drivers and poolers have mixed up answers, and so have connections that two
    processes shared after a fork. The connection is not used again.
    """

    @property
    def users(self) -> UserReader: ...
    @property
    def sessions(self) -> SessionReader: ...
    @property
    def payment_methods(self) -> PaymentMethodReader: ...
    @property
    def verifications(self) -> VerificationReader: ...
    @property
    def notifications(self) -> NotificationReader: ...
    @property
    def teams(self) -> TeamReader: ...
    @property
    def outbox(self) -> OutboxReader: ...
    @property
    def mail_tokens(self) -> MailTokenReader: ...
    @property
    def devices(self) -> DeviceReader: ...
    @property
    def idempotency(self) -> IdempotencyReader: ...
    @property
    def audit(self) -> AuditReader: ...
    @property
    def cleanup(self) -> CleanupReader: ...


class UnitOfWork(Protocol):
    """The repositories of one transaction. It sees its own writes, and compares what it reads as `Reader` does."""

    @property
    def users(self) -> Users: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def payment_methods(self) -> PaymentMethods: ...
    @property
    def verifications(self) -> Verifications: ...
    @property
    def notifications(self) -> Notifications: ...
    @property
    def teams(self) -> Teams: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def provider_events(self) -> ProviderEvents: ...
    @property
    def mail_tokens(self) -> MailTokens: ...
    @property
    def sign_ups(self) -> SignUps: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def idempotency(self) -> IdempotencyStore: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def cleanup(self) -> Cleanup: ...

    def record(self, event: DomainEvent) -> None:
        """Record an event; the store publishes it before the transaction commits."""
        ...


W_co = TypeVar("W_co", bound=UnitOfWork, covariant=True)
W_contra = TypeVar("W_contra", bound=UnitOfWork, contravariant=True)


class Subscriber(Protocol[W_contra]):
    """A reaction of the application to events, given to the store. It runs in the transaction of the event."""

    async def __call__(self, work: W_contra, event: DomainEvent) -> None:
        """React to an event.

        Args:
            work: The unit of work in which it happened.
            event: The event.

        Raises:
            Exception: Any error rolls the transaction back and is raised to the caller of the use case.

        """
        ...


class Store(Protocol[W_co]):
    """The database."""

    @property
    def commits(self) -> bool:
        """Whether leaving `begin()` commits; false for a store that takes part in the application's transaction."""
        ...

    def rate_limiter(self) -> RateLimiter:
        """Return a rate limiter that counts in this database, outside of any unit of work.

        Accounts that are given no `limits` use it. All rate limiters of a database count together.

        Raises:
            ConfigurationError: The store cannot count outside of a transaction, such as one that takes part in the
                application's. The message says what to give as `limits`.

        """
        ...

    def begin(self) -> AbstractAsyncContextManager[W_co]:
        """Open a unit of work: committed on a clean exit, rolled back on any exception. Units do not nest.

        On a clean exit the store calls `services.publish` with the recorded events before the commit. Entering, leaving
        and every method of the repositories may raise these errors:

        Raises:
            Conflict: A concurrent transaction was first: nothing was committed, and the unit of work can be retried.
            Unavailable: The database is away. If the connection broke during the commit, it is unknown whether it
                committed.
            Invalid: A text to be stored holds NUL or a lone surrogate, which not every database can store.

        """
        ...

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """Open a reader.

        Raises:
            Unavailable: On any method: the database is away, or (`AnswerMismatch`) its answer belongs to another query.

        """
        ...

    def joined(self, transaction: object) -> "Store[W_co]":
        """Return a store with the same settings that takes part in a transaction of the application.

        Its `commits` is false: leaving `begin()` keeps the changes for the application's commit, and undoes only its
        own changes on an exception. The store decides which objects it accepts, such as an open connection.

        Args:
            transaction: The application's open transaction.

        Raises:
            ConfigurationError: The store cannot take part in this; the message says what to give.

        """
        ...
