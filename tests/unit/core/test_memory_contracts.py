"""Every contract, kept by the adapters in memory."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.store import Subscriber, UnitOfWork
from accounts_core.services.owned_data import OwnedPersonalData, OwnedTeams
from accounts_core.testing.builders import (
    NOON,
    a_card,
    a_membership,
    a_notification,
    a_session,
    a_team,
    a_user,
    an_interaction,
)
from accounts_core.testing.contracts import (
    AuditContract,
    Authenticate,
    BilledUsersContract,
    CleanupContract,
    ClockContract,
    DeadLettersContract,
    DeletionContract,
    DevicesContract,
    EventsContract,
    GatewayCardsContract,
    GatewayCustomersContract,
    GatewayHoldsContract,
    GatewayUsageContract,
    Host,
    HostAtProvider,
    IdempotencyContract,
    InvitationsContract,
    JobLeasesContract,
    MailerContract,
    MailTokensContract,
    NotificationsContract,
    OpenVerificationsContract,
    OutboxContract,
    OwnedDataContract,
    OwnRateLimiterContract,
    PagingContract,
    PasswordHasherContract,
    PaymentMethodsContract,
    ProviderEventsContract,
    RateLimiterContract,
    RefusedMailsContract,
    SecretsContract,
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
from accounts_core.testing.harness import AnyStore, MakeStore
from accounts_memory import (
    ManualClock,
    MemoryGateway,
    MemoryMailer,
    MemoryRateLimiter,
    MemoryStore,
    MemoryUnitOfWork,
    PlainHasher,
    SequenceSecrets,
)

JANE, MARY = UserId(1), UserId(2)


@pytest.fixture
def make_store() -> MakeStore:
    def make(*subscribers: Subscriber[MemoryUnitOfWork]) -> MemoryStore:
        return MemoryStore(subscribers)

    return make


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


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def secrets() -> SequenceSecrets:
    return SequenceSecrets()


class TestClock(ClockContract): ...


class TestSecrets(SecretsContract): ...


@pytest.fixture
def gateway(clock: ManualClock, secrets: SequenceSecrets) -> MemoryGateway:
    return MemoryGateway(clock, secrets)


@pytest.fixture
def authenticate(gateway: MemoryGateway) -> Authenticate:
    async def answer(hold_id: str, succeed: bool) -> None:
        gateway.authenticate(hold_id, succeed)

    return answer


class TestGatewayCustomers(GatewayCustomersContract): ...


class TestGatewayCards(GatewayCardsContract): ...


class TestGatewayHolds(GatewayHoldsContract): ...


class TestGatewayUsage(GatewayUsageContract):
    @pytest.fixture
    def host(self, gateway: MemoryGateway) -> HostAtProvider:
        subscriptions: dict[str, list[str]] = {}

        async def subscribe(customer_id: str) -> str:
            mine = subscriptions.setdefault(customer_id, [])
            mine.append(f"sub_{customer_id}_{len(mine)}")
            gateway.set_subscriptions(customer_id, len(mine))
            return mine[-1]

        async def unsubscribe(subscription_id: str) -> None:
            for customer_id, mine in subscriptions.items():
                if subscription_id in mine:
                    mine.remove(subscription_id)
                    gateway.set_subscriptions(customer_id, len(mine))

        async def add_bank_account(customer_id: str) -> str:
            return gateway.add_other_payment_method(f"pm_bank_of_{customer_id}", customer_id=customer_id)

        async def set_balance(customer_id: str, balance: int) -> None:
            gateway.set_balance(customer_id, balance)

        return HostAtProvider(
            subscribe=subscribe,
            unsubscribe=unsubscribe,
            add_bank_account=add_bank_account,
            set_balance=set_balance,
        )


class TestPasswordHasher(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> PlainHasher:
        return PlainHasher()

    @pytest.fixture
    def other_hasher(self) -> PlainHasher:
        return PlainHasher(generation=2)


class TestOwnLimits(OwnRateLimiterContract): ...


class TestLimits(RateLimiterContract):
    @pytest.fixture
    def limits(self) -> MemoryRateLimiter:
        return MemoryRateLimiter()


class TestMailer(MailerContract, RefusedMailsContract):
    @pytest.fixture
    def mailer(self) -> MemoryMailer:
        return MemoryMailer()

    @pytest.fixture
    def delivered(self, mailer: MemoryMailer) -> Callable[[], Sequence[str]]:
        return lambda: [notice.id for notice in mailer.delivered]

    @pytest.fixture
    def refuse(self, mailer: MemoryMailer) -> Callable[[bool], None]:
        def refuse(recipient_is_why: bool) -> None:
            mailer.fail_next(Undeliverable("550 5.1.1") if recipient_is_why else Unavailable("no relaying"))

        return refuse


@pytest.fixture
def store(make_store: MakeStore) -> AnyStore:
    return make_store()


async def populate(work: UnitOfWork) -> UserId:
    for user_id in (JANE, MARY):
        await work.users.add(a_user(user_id, email_verified_at=NOON))
        await work.sessions.add(a_session(f"ses_{user_id}", user_id))
        await work.notifications.add(a_notification(f"ntf_{user_id}", user_id))
        await work.payment_methods.save(user_id, Cards().add(a_card(f"pm_{user_id}", user_id)))
        await work.teams.add(a_team(user_id, user_id))
    for team_id, member, author in ((1, MARY, MARY), (2, JANE, JANE)):
        await work.teams.add_member(a_membership(team_id, member))
        await work.teams.add_interaction(an_interaction(f"int_{team_id}", team_id, author))
    return JANE


async def count_in_teams(work: UnitOfWork) -> Mapping[str, int]:
    teams = [TeamId(n) for n in (1, 2) if await work.teams.find_role(TeamId(n), UserId(n))]
    return {
        "accounts": len(teams),
        "interactions": sum([len(await work.teams.list_interactions(team, limit=9)) for team in teams]),
        "memberships": sum([len(await work.teams.list_members(team, limit=9)) - 1 for team in teams]),
    }


async def count_personal(work: UnitOfWork) -> Mapping[str, int]:
    return {
        "notifications": sum([await work.notifications.count_for_user(user_id) for user_id in (JANE, MARY)]),
        "payment_methods": sum([len(await work.payment_methods.list_for_user(user_id)) for user_id in (JANE, MARY)]),
        "sessions": sum([await work.sessions.count_for_user(user_id) for user_id in (JANE, MARY)]),
    }


class TestOwnedTeams(OwnedDataContract):
    @pytest.fixture
    def owned_data(self) -> OwnedTeams:
        return OwnedTeams()

    @pytest.fixture
    def host(self) -> Host:
        return Host(populate=populate, count=count_in_teams)


class TestOwnedPersonalData(OwnedDataContract):
    @pytest.fixture
    def owned_data(self) -> OwnedPersonalData:
        return OwnedPersonalData()

    @pytest.fixture
    def host(self) -> Host:
        return Host(populate=populate, count=count_personal)
