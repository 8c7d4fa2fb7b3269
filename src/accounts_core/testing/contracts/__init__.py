"""Contract suites, one for each port; those of a store and of a payment gateway are split into several."""

from pkgutil import iter_modules

import pytest

# pytest rewrites assertions only in modules registered before their import
pytest.register_assert_rewrite(*[module.name for module in iter_modules(__path__, f"{__name__}.")])

# ruff: noqa: E402  the imports have to follow the line above
from accounts_core.testing.contracts.audit import AuditContract
from accounts_core.testing.contracts.billed_users import BilledUsersContract
from accounts_core.testing.contracts.cleanup import CleanupContract
from accounts_core.testing.contracts.clock import ClockContract
from accounts_core.testing.contracts.dead_letters import DeadLettersContract
from accounts_core.testing.contracts.deletion import DeletionContract
from accounts_core.testing.contracts.devices import DevicesContract
from accounts_core.testing.contracts.events import EventsContract
from accounts_core.testing.contracts.gateway_cards import GatewayCardsContract
from accounts_core.testing.contracts.gateway_customers import GatewayCustomersContract
from accounts_core.testing.contracts.gateway_holds import GatewayHoldsContract
from accounts_core.testing.contracts.gateway_usage import GatewayUsageContract, HostAtProvider
from accounts_core.testing.contracts.idempotency import IdempotencyContract
from accounts_core.testing.contracts.invitations import InvitationsContract
from accounts_core.testing.contracts.job_leases import JobLeasesContract
from accounts_core.testing.contracts.lifecycle import ClosesContract, MigratesContract
from accounts_core.testing.contracts.mail_tokens import MailTokensContract
from accounts_core.testing.contracts.mailer import MailerContract, RefusedMailsContract
from accounts_core.testing.contracts.notifications import NotificationsContract
from accounts_core.testing.contracts.open_verifications import OpenVerificationsContract
from accounts_core.testing.contracts.outbox import OutboxContract
from accounts_core.testing.contracts.own_rate_limiter import OwnRateLimiterContract
from accounts_core.testing.contracts.owned_data import Host, OwnedDataContract
from accounts_core.testing.contracts.paging import PagingContract
from accounts_core.testing.contracts.password_hasher import PasswordHasherContract
from accounts_core.testing.contracts.payment_gateway import Authenticate, PaymentGatewayContract, ProviderCards
from accounts_core.testing.contracts.payment_methods import PaymentMethodsContract
from accounts_core.testing.contracts.profile_codec import ProfileCodecContract
from accounts_core.testing.contracts.provider_events import ProviderEventsContract
from accounts_core.testing.contracts.rate_limiter import RateLimiterContract
from accounts_core.testing.contracts.secrets import SecretsContract
from accounts_core.testing.contracts.sessions import SessionsContract
from accounts_core.testing.contracts.sign_ups import SignUpsContract, UnverifiedContract
from accounts_core.testing.contracts.team_reader import TeamReaderContract
from accounts_core.testing.contracts.teams import TeamsContract
from accounts_core.testing.contracts.transactions import TransactionsContract
from accounts_core.testing.contracts.user_addresses import UserAddressesContract
from accounts_core.testing.contracts.users import UsersContract
from accounts_core.testing.contracts.verifications import VerificationsContract

__all__ = [
    "GATEWAY_CONTRACTS",
    "STORE_CONTRACTS",
    "AuditContract",
    "Authenticate",
    "BilledUsersContract",
    "CleanupContract",
    "ClockContract",
    "ClosesContract",
    "DeadLettersContract",
    "DeletionContract",
    "DevicesContract",
    "EventsContract",
    "GatewayCardsContract",
    "GatewayCustomersContract",
    "GatewayHoldsContract",
    "GatewayUsageContract",
    "Host",
    "HostAtProvider",
    "IdempotencyContract",
    "InvitationsContract",
    "JobLeasesContract",
    "MailTokensContract",
    "MailerContract",
    "MigratesContract",
    "NotificationsContract",
    "OpenVerificationsContract",
    "OutboxContract",
    "OwnRateLimiterContract",
    "OwnedDataContract",
    "PagingContract",
    "PasswordHasherContract",
    "PaymentGatewayContract",
    "PaymentMethodsContract",
    "ProfileCodecContract",
    "ProviderCards",
    "ProviderEventsContract",
    "RateLimiterContract",
    "RefusedMailsContract",
    "SecretsContract",
    "SessionsContract",
    "SignUpsContract",
    "TeamReaderContract",
    "TeamsContract",
    "TransactionsContract",
    "UnverifiedContract",
    "UserAddressesContract",
    "UsersContract",
    "VerificationsContract",
]

STORE_CONTRACTS = (
    UsersContract,
    UserAddressesContract,
    BilledUsersContract,
    SessionsContract,
    PaymentMethodsContract,
    VerificationsContract,
    OpenVerificationsContract,
    NotificationsContract,
    TeamsContract,
    TeamReaderContract,
    InvitationsContract,
    DeletionContract,
    OutboxContract,
    JobLeasesContract,
    DeadLettersContract,
    ProviderEventsContract,
    MailTokensContract,
    SignUpsContract,
    UnverifiedContract,
    DevicesContract,
    IdempotencyContract,
    AuditContract,
    CleanupContract,
    PagingContract,
    TransactionsContract,
    EventsContract,
    OwnRateLimiterContract,
)
"""The suites of a store's contract."""

GATEWAY_CONTRACTS = (GatewayCustomersContract, GatewayCardsContract, GatewayHoldsContract)
"""The suites of a payment gateway's contract."""
