"""In-memory store with snapshot isolation. The first commit wins, and no unit of work waits.

A unit of work sees the state committed at its beginning and its own changes. If another unit has committed a row that
it changed or locked, its commit raises `Conflict` and has no effect. Unique columns and references are checked at the
commit too. Units may run in any number of threads and tasks.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import count
from threading import Lock
from typing import ClassVar, Literal, NoReturn

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.forking import on_fork
from accounts_core.model.events import DomainEvent
from accounts_core.ports.blocking import BlockingStore
from accounts_core.ports.store import Subscriber
from accounts_core.services.publish import publish

from .audit import MemoryAudit, MemoryAuditReader
from .cleanup import MemoryCleanup, MemoryCleanupReader
from .devices import MemoryDeviceReader, MemoryDevices
from .idempotency import MemoryIdempotencyReader, MemoryIdempotencyStore
from .mail_tokens import MemoryMailTokenReader, MemoryMailTokens
from .notifications import MemoryNotificationReader, MemoryNotifications
from .outbox import MemoryOutbox, MemoryOutboxReader
from .payment_methods import MemoryPaymentMethodReader, MemoryPaymentMethods
from .provider_events import MemoryProviderEvents
from .rate_limiter import MemoryRateLimiter
from .schema import NOTHING, State, Tables, Workspace
from .sessions import MemorySessionReader, MemorySessions
from .sign_ups import MemorySignUps
from .team_reader import MemoryTeamReader
from .teams import MemoryTeams
from .users import MemoryUserReader, MemoryUsers
from .verifications import MemoryVerificationReader, MemoryVerifications

_current: ContextVar["MemoryUnitOfWork | None"] = ContextVar("_current", default=None)


@attrs.frozen
class Ids:
    """Counter from 1. A rollback does not return a number."""

    users: Iterator[int] = attrs.field(factory=lambda: count(1))
    teams: Iterator[int] = attrs.field(factory=lambda: count(1))
    entries: Iterator[int] = attrs.field(factory=lambda: count(1))


class MemoryUnitOfWork:
    """Unit of work on a `MemoryStore`."""

    def __init__(self, store: "MemoryStore", base: State, ids: Ids) -> None:
        self.store = store
        self._workspace = Workspace(base)
        self.events: list[DomainEvent] = []
        self.is_open = True
        self.users = MemoryUsers(self._while_open, ids.users)
        self.sessions = MemorySessions(self._while_open)
        self.payment_methods = MemoryPaymentMethods(self._while_open)
        self.verifications = MemoryVerifications(self._while_open)
        self.notifications = MemoryNotifications(self._while_open)
        self.teams = MemoryTeams(self._while_open, ids.teams)
        self.outbox = MemoryOutbox(self._while_open)
        self.provider_events = MemoryProviderEvents(self._while_open)
        self.mail_tokens = MemoryMailTokens(self._while_open)
        self.sign_ups = MemorySignUps(self._while_open)
        self.devices = MemoryDevices(self._while_open)
        self.idempotency = MemoryIdempotencyStore(self._while_open)
        self.audit = MemoryAudit(self._while_open, ids.entries)
        self.cleanup = MemoryCleanup(self._while_open)

    def record(self, event: DomainEvent) -> None:
        """Record an event for the subscribers. Raises `ConfigurationError` if the unit has ended."""
        self._while_open()
        self.events.append(event)

    def close(self) -> Workspace:
        """End the unit and return its changes."""
        workspace = self._while_open()
        self.is_open = False
        return workspace

    def _while_open(self) -> Workspace:
        if not self.is_open:
            raise ConfigurationError("This unit of work has ended; its changes would be lost.")
        return self._workspace


class MemoryReader:
    """Reader of the state committed at the time of each call."""

    def __init__(self, tables: Callable[[], Tables]) -> None:
        self.users = MemoryUserReader(tables)
        self.sessions = MemorySessionReader(tables)
        self.payment_methods = MemoryPaymentMethodReader(tables)
        self.verifications = MemoryVerificationReader(tables)
        self.notifications = MemoryNotificationReader(tables)
        self.teams = MemoryTeamReader(tables)
        self.outbox = MemoryOutboxReader(tables)
        self.mail_tokens = MemoryMailTokenReader(tables)
        self.devices = MemoryDeviceReader(tables)
        self.idempotency = MemoryIdempotencyReader(tables)
        self.audit = MemoryAuditReader(tables)
        self.cleanup = MemoryCleanupReader(tables)


class MemoryStore:
    """Store that keeps its state only in this process. A forked process continues with a copy."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, subscribers: Sequence[Subscriber[MemoryUnitOfWork]] = ()) -> None:
        self._state = NOTHING
        self._ids = Ids()
        self._subscribers = tuple(subscribers)
        self._reader = MemoryReader(lambda: self._state)
        self._limits = MemoryRateLimiter()
        self._unlock()
        on_fork(self, in_child=MemoryStore._unlock)

    @property
    def commits(self) -> bool:
        """See `accounts_core.ports.store.Store.commits`."""
        return True

    def rate_limiter(self) -> MemoryRateLimiter:
        """Return the rate limiter of this store."""
        return self._limits

    def _unlock(self) -> None:
        self._committing = Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnitOfWork]:
        """Open a unit of work. Raises `ConfigurationError` if one is open in this task or thread: units do not nest."""
        outer = _current.get()
        if outer is not None and outer.is_open and outer.store is self:
            raise ConfigurationError(
                "A unit of work is open here already, and units do not nest: use the one that is open."
            )
        unit = MemoryUnitOfWork(self, self._state, self._ids)
        _current.set(unit)
        try:
            yield unit
            await publish(unit, unit.events, self._subscribers)
        finally:
            changes = unit.close()
            _current.set(outer)
        with self._committing:
            self._state = changes.commit_onto(self._state)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[MemoryReader]:
        """Open a reader."""
        yield self._reader

    def joined(self, transaction: object) -> NoReturn:
        """Raise `ConfigurationError`: an application has no transactions in this memory."""
        raise ConfigurationError(
            "MemoryStore has no database and cannot take part in a transaction, such as of this"
            f" {type(transaction).__name__}. Use a store of accounts_sql, or call the accounts without in_transaction."
        )


_: type[BlockingStore[MemoryUnitOfWork]] = MemoryStore
