"""Every contract, kept by the adapters in memory."""

import pytest

from accounts_core.ports.store import Subscriber
from accounts_core.testing.contracts import (
    DeletionContract,
    EventsContract,
    NotificationsContract,
    OutboxContract,
    PaymentMethodsContract,
    SessionsContract,
    TeamReadsContract,
    TeamsContract,
    TransactionsContract,
    UsersContract,
    VerificationsContract,
)
from accounts_core.testing.harness import MakeStore
from accounts_memory import MemoryStore, MemoryUnitOfWork

pytest_plugins = ["accounts_core.testing.plugin"]


@pytest.fixture
def make_store() -> MakeStore:
    def make(*subscribers: Subscriber[MemoryUnitOfWork]) -> MemoryStore:
        return MemoryStore(subscribers)

    return make


class TestUsers(UsersContract): ...


class TestSessions(SessionsContract): ...


class TestPaymentMethods(PaymentMethodsContract): ...


class TestVerifications(VerificationsContract): ...


class TestNotifications(NotificationsContract): ...


class TestTeams(TeamsContract): ...


class TestTeamReads(TeamReadsContract): ...


class TestDeletion(DeletionContract): ...


class TestOutbox(OutboxContract): ...


class TestTransactions(TransactionsContract): ...


class TestEvents(EventsContract): ...
