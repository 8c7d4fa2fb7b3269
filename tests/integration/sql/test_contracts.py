"""Every contract of a store, and that of limits, over each driver."""

import pytest
from tests.integration.sql.backends import Backend

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.testing.contracts import (
    AuditContract,
    BilledUsersContract,
    CleanupContract,
    DeadLettersContract,
    DeletionContract,
    DevicesContract,
    EventsContract,
    IdempotencyContract,
    InvitationsContract,
    JobLeasesContract,
    MailTokensContract,
    NotificationsContract,
    OpenVerificationsContract,
    OutboxContract,
    OwnRateLimiterContract,
    PagingContract,
    PaymentMethodsContract,
    ProviderEventsContract,
    RateLimiterContract,
    SessionsContract,
    SignUpsContract,
    TeamReaderContract,
    TeamsContract,
    TransactionsContract,
    UnverifiedContract,
    UserAddressesContract,
    UsersContract,
    VerificationsContract,
)
from accounts_core.testing.harness import MakeStore


@pytest.fixture
def make_store(backend: Backend) -> MakeStore:
    return backend.store


class TestUsers(UsersContract): ...


class TestUserAddresses(UserAddressesContract): ...


class TestBilledUsers(BilledUsersContract): ...


class TestSessions(SessionsContract): ...


class TestPaymentMethods(PaymentMethodsContract): ...


class TestVerifications(VerificationsContract): ...


class TestOpenVerifications(OpenVerificationsContract): ...


class TestNotifications(NotificationsContract): ...


class TestTeams(TeamsContract): ...


class TestTeamReads(TeamReaderContract): ...


class TestInvitations(InvitationsContract): ...


class TestDeletion(DeletionContract): ...


class TestOutbox(OutboxContract): ...


class TestJobLeases(JobLeasesContract): ...


class TestParking(DeadLettersContract): ...


class TestProviderEvents(ProviderEventsContract): ...


class TestMailTokens(MailTokensContract): ...


class TestSignUps(SignUpsContract): ...


class TestUnverified(UnverifiedContract): ...


class TestDevices(DevicesContract): ...


class TestKeptRequests(IdempotencyContract): ...


class TestAudit(AuditContract): ...


class TestPaging(PagingContract): ...


class TestCleanup(CleanupContract): ...


class TestTransactions(TransactionsContract): ...


class TestEvents(EventsContract): ...


class TestOwnLimits(OwnRateLimiterContract): ...


class TestLimits(RateLimiterContract):
    @pytest.fixture
    def limits(self, backend: Backend) -> RateLimiter:
        return backend.limits()
