"""What a store opens: a unit of work, and a reader."""

from types import TracebackType

import attrs
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_core.model.events import DomainEvent
from accounts_core.ports.store import Reader as ViewsPort
from accounts_core.ports.store import UnitOfWork

from .connections.executors import Executor, RowFetcher
from .repositories.audit import Audit, AuditReader
from .repositories.cleanup import Cleanup, CleanupReader
from .repositories.devices import DeviceReader, Devices
from .repositories.idempotency import IdempotencyReader, IdempotencyStore
from .repositories.mail_tokens import MailTokenReader, MailTokens
from .repositories.notifications import NotificationReader, Notifications
from .repositories.outbox import Outbox, OutboxReader
from .repositories.payment_methods import PaymentMethodReader, PaymentMethods
from .repositories.provider_events import ProviderEvents
from .repositories.sessions import SessionReader, Sessions
from .repositories.sign_ups import SignUps
from .repositories.team_reader import TeamReader
from .repositories.teams import Teams
from .repositories.users import UserReader, Users
from .repositories.verifications import VerificationReader, Verifications


class Reader:
    """Reads alone. See `accounts_core.ports.store.Reader`."""

    def __init__(self, db: RowFetcher) -> None:
        self.users = UserReader(db)
        self.sessions = SessionReader(db)
        self.payment_methods = PaymentMethodReader(db)
        self.verifications = VerificationReader(db)
        self.notifications = NotificationReader(db)
        self.teams = TeamReader(db)
        self.outbox = OutboxReader(db)
        self.mail_tokens = MailTokenReader(db)
        self.devices = DeviceReader(db)
        self.idempotency = IdempotencyReader(db)
        self.audit = AuditReader(db)
        self.cleanup = CleanupReader(db)


@attrs.frozen
class Reading:
    """Context manager returned by a store's `reader()`. Stateless, so one instance serves every caller."""

    _reader: Reader

    async def __aenter__(self) -> Reader:
        return self._reader

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


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
        self.idempotency = IdempotencyStore(db)
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


_views: type[ViewsPort] = Reader
_unit: type[UnitOfWork] = SqlUnit
_async_unit: type[UnitOfWork] = AsyncSqlUnit
