"""What a store opens: a unit of work, and views."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_core.model.events import DomainEvent
from accounts_core.ports.store import UnitOfWork
from accounts_core.ports.store import Views as ViewsPort

from .executors import Executor, Reader
from .repositories.audit import Audit, AuditReads
from .repositories.cleanup import Cleanup, CleanupReads
from .repositories.devices import DeviceReads, Devices
from .repositories.kept_requests import KeptRequestReads, KeptRequests
from .repositories.mail_tokens import MailTokenReads, MailTokens
from .repositories.notifications import NotificationReads, Notifications
from .repositories.outbox import Outbox, OutboxReads
from .repositories.payment_methods import PaymentMethodReads, PaymentMethods
from .repositories.provider_events import ProviderEvents
from .repositories.sessions import SessionReads, Sessions
from .repositories.sign_ups import SignUps
from .repositories.team_reads import TeamReads
from .repositories.teams import Teams
from .repositories.users import UserReads, Users
from .repositories.verifications import VerificationReads, Verifications


class Views:
    """Reads alone. See `accounts_core.ports.store.Views`."""

    def __init__(self, db: Reader) -> None:
        self.users = UserReads(db)
        self.sessions = SessionReads(db)
        self.payment_methods = PaymentMethodReads(db)
        self.verifications = VerificationReads(db)
        self.notifications = NotificationReads(db)
        self.teams = TeamReads(db)
        self.outbox = OutboxReads(db)
        self.mail_tokens = MailTokenReads(db)
        self.devices = DeviceReads(db)
        self.kept_requests = KeptRequestReads(db)
        self.audit = AuditReads(db)
        self.cleanup = CleanupReads(db)


class _Unit:
    def __init__(self, db: Executor) -> None:
        self.users = Users(db)
        self.sessions = Sessions(db)
        self.payment_methods = PaymentMethods(db)
        self.verifications = Verifications(db)
        self.notifications = Notifications(db)
        self.teams = Teams(db)
        self.outbox = Outbox(db)
        self.provider_events = ProviderEvents(db)
        self.mail_tokens = MailTokens(db)
        self.sign_ups = SignUps(db)
        self.devices = Devices(db)
        self.kept_requests = KeptRequests(db)
        self.audit = Audit(db)
        self.cleanup = Cleanup(db)
        self.events: list[DomainEvent] = []
        self._db = db

    def record(self, event: DomainEvent) -> None:
        """Say that something happened; the store's subscribers hear of it before the commit."""
        self.events.append(event)

    def check(self) -> None:
        """Raise again what a statement raised, if somebody caught it and went on.

        PostgreSQL has given the transaction up by then, and its COMMIT would quietly roll back.
        """
        if self._db.failure is not None:
            raise self._db.failure


class SqlUnit(_Unit):
    """A transaction on a `Connection`.

    `connection` is that connection, for a host's own statements in the same transaction: a subscriber's, or those of
    its `OwnedData`. It must neither be committed nor rolled back, and its errors are SQLAlchemy's own.
    """

    def __init__(self, connection: sa.Connection, db: Executor) -> None:
        super().__init__(db)
        self.connection = connection


class AsyncSqlUnit(_Unit):
    """A transaction on an `AsyncConnection`; `connection` is as `SqlUnit` says."""

    def __init__(self, connection: AsyncConnection, db: Executor) -> None:
        super().__init__(db)
        self.connection = connection


_views: type[ViewsPort] = Views
_unit: type[UnitOfWork] = SqlUnit
_async_unit: type[UnitOfWork] = AsyncSqlUnit
