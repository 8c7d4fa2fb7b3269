"""Unit of work and reader."""

from types import TracebackType

import attrs
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from accounts_core.model.events import DomainEvent
from accounts_core.ports.store import Reader as ReaderPort
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
    """Reads outside of any transaction. See `accounts_core.ports.store.Reader`."""

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
        """Record an event. The store passes it to the subscribers before the commit."""
        self.events.append(event)

    def check(self) -> None:
        """Raise the first error of a statement again, in case the caller caught it and continued.

        PostgreSQL has aborted the transaction by then, and its COMMIT would roll back without an error.
        """
        if self._db.failure is not None:
            raise self._db.failure


class SqlUnit(_Unit):
    """Unit of work on a `Connection`.

    `connection` is available for the host application's own statements in the same transaction, in a subscriber or in
    `OwnedData`. It must be neither committed nor rolled back. Its errors are SQLAlchemy's own.
    """

    def __init__(self, connection: sa.Connection, db: Executor) -> None:
        super().__init__(db)
        self._connection = connection

    @property
    def connection(self) -> sa.Connection:
        """The connection, for the host application's own statements."""
        self._db.may_begin_again = False
        return self._connection


class AsyncSqlUnit(_Unit):
    """Unit of work on an `AsyncConnection`. See `SqlUnit`."""

    def __init__(self, connection: AsyncConnection, db: Executor) -> None:
        super().__init__(db)
        self._connection = connection

    @property
    def connection(self) -> AsyncConnection:
        """The connection, for the host application's own statements."""
        self._db.may_begin_again = False
        return self._connection


_reader: type[ReaderPort] = Reader
_unit: type[UnitOfWork] = SqlUnit
_async_unit: type[UnitOfWork] = AsyncSqlUnit
