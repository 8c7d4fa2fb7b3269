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
    """Reads, each a statement of its own outside any transaction: each sees what is committed when it runs.

    A store compares what it reads by an id, a digest, an address or a user with what was asked, and raises
    `AnswerMismatch` when they differ. Drivers and poolers have mixed answers up, as have connections that two processes
    shared after a fork. The connection is not used again.
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
    """The repositories of one transaction. It sees its own writes. What it reads is compared as `Views` says."""

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
        """Say that something happened; the store publishes it before the transaction commits."""
        ...


W_co = TypeVar("W_co", bound=UnitOfWork, covariant=True)
W_contra = TypeVar("W_contra", bound=UnitOfWork, contravariant=True)


class Subscriber(Protocol[W_contra]):
    """A host's reaction to events, given to the store, run in the transaction in which they happened."""

    async def __call__(self, work: W_contra, event: DomainEvent) -> None:
        """React. What this raises rolls the transaction back."""
        ...


class Store(Protocol[W_co]):
    """Where everything is kept."""

    @property
    def commits(self) -> bool:
        """False when the store rides in a host's open transaction, so that leaving `begin()` commits nothing."""
        ...

    def begin(self) -> AbstractAsyncContextManager[W_co]:
        """Open a unit of work: committed on a clean exit, rolled back on any exception. Units do not nest.

        Entering and leaving raise `Conflict` when somebody else was first, and `Unavailable` when the database is
        away; every method of the repositories may raise both, too. Whatever adds or changes something raises `Invalid`
        for text that holds NUL or a lone surrogate, which not every store can keep. On a clean exit the store calls
        `accounts_core.services.publish` with what was recorded, before the commit.
        """
        ...

    def read(self) -> AbstractAsyncContextManager[Views]:
        """Open the views. Every method may raise `Unavailable`, of which `AnswerMismatch` is one."""
        ...
