"""Port: the database, as repositories in units of work and as reads outside of any.

Implemented by `accounts_memory.MemoryStore`, `accounts_sql.SqlStore` and `AsyncSqlStore`; called by use cases and
services. `Store.begin` says what every method of a repository may raise.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from accounts_core.model.events import DomainEvent

from .audit import Audit, AuditReads
from .cleanup import Cleanup, CleanupReads
from .devices import DeviceReads, Devices
from .kept_requests import KeptRequestReads, KeptRequests
from .mail_tokens import MailTokenReads, MailTokens
from .notifications import NotificationReads, Notifications
from .outbox import Outbox, OutboxReads
from .payment_methods import PaymentMethodReads, PaymentMethods
from .provider_events import ProviderEvents
from .sessions import SessionReads, Sessions
from .sign_ups import SignUps
from .teams import TeamReads, Teams
from .users import UserReads, Users
from .verifications import VerificationReads, Verifications


class Views(Protocol):
    """Reads outside of any transaction: each sees what is committed when it runs.

    A store compares rows that it reads by id, digest, address or user with what was asked for, and raises
    `AnswerMismatch` if they differ. Drivers and poolers have mixed up answers, and so have connections that two
    processes shared after a fork. The connection is not used again.
    """

    @property
    def users(self) -> UserReads: ...
    @property
    def sessions(self) -> SessionReads: ...
    @property
    def payment_methods(self) -> PaymentMethodReads: ...
    @property
    def verifications(self) -> VerificationReads: ...
    @property
    def notifications(self) -> NotificationReads: ...
    @property
    def teams(self) -> TeamReads: ...
    @property
    def outbox(self) -> OutboxReads: ...
    @property
    def mail_tokens(self) -> MailTokenReads: ...
    @property
    def devices(self) -> DeviceReads: ...
    @property
    def kept_requests(self) -> KeptRequestReads: ...
    @property
    def audit(self) -> AuditReads: ...
    @property
    def cleanup(self) -> CleanupReads: ...


class UnitOfWork(Protocol):
    """The repositories of one transaction. It sees its own writes, and compares what it reads as `Views` does."""

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
    def kept_requests(self) -> KeptRequests: ...
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

    def read(self) -> AbstractAsyncContextManager[Views]:
        """Open the views.

        Raises:
            Unavailable: On any method: the database is away, or (`AnswerMismatch`) its answer belongs to another query.

        """
        ...
