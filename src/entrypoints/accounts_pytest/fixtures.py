"""The fixtures that a host application's tests ask for, and those that it overrides."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from accounts_core import Accounts, BlockingAccounts, MailDispatch, Policy, ProfileType
from accounts_core.ports.clock import Clock
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Subscriber
from accounts_core.results import JobHandler
from accounts_memory import PlainHasher, SequenceSecrets

from .cards import CardGateway
from .clock import TestClock
from .environment import Environment
from .factories import Factories, MakeTeam, MakeUser
from .kit import Parts
from .limits import RateLimits
from .mailbox import PUBLIC_URL, Mailbox

# ---- what a test asks for


@pytest.fixture
def accounts(accounts_environment: Environment) -> BlockingAccounts:
    """Return accounts in memory, for tests without an event loop. They are empty at the beginning of each test."""
    return accounts_environment.in_memory().blocking


@pytest.fixture
def async_accounts(accounts_environment: Environment) -> Accounts:
    """Return the same accounts in memory as `accounts`, for tests with an event loop."""
    return accounts_environment.in_memory().asynchronous


@pytest.fixture
def clock() -> TestClock:
    """Return the clock of the accounts, which the test moves."""
    return TestClock()


@pytest.fixture
def mailbox(accounts_public_url: str) -> Mailbox:
    """Return every mail that the accounts sent."""
    return Mailbox(accounts_public_url)


@pytest.fixture
def card_gateway(clock: Clock, accounts_secrets: Secrets) -> CardGateway:
    """Return the payment provider, with test cards."""
    return CardGateway(clock, accounts_secrets)


@pytest.fixture
def rate_limits(accounts_rate_limits: RateLimits) -> RateLimits:
    """Switch the rate limits on for this test."""
    accounts_rate_limits.is_on = True
    return accounts_rate_limits


@pytest.fixture
def make_user(accounts_factories: Factories) -> MakeUser[Any]:
    """Return the function that makes users in the accounts that the test uses."""
    return accounts_factories.make_user


@pytest.fixture
def make_team(accounts_factories: Factories) -> MakeTeam:
    """Return the function that makes teams in the accounts that the test uses."""
    return accounts_factories.make_team


# ---- what a host application overrides


@pytest.fixture
def accounts_policy() -> Policy | None:
    """Return the policy of the accounts; None is the default one."""
    return None


@pytest.fixture
def accounts_profile_type() -> ProfileType[Any] | None:
    """Return the type of the host application's profile data; None if it has none."""
    return None


@pytest.fixture
def accounts_profile() -> Any:
    """Return the profile data of a user who is made without any; None is the same as an empty object."""
    return None


@pytest.fixture
def accounts_owned_data() -> Sequence[OwnedData[Any]]:
    """Return the data of the host application about a user, for deletion and export."""
    return ()


@pytest.fixture
def accounts_subscribers() -> Sequence[Subscriber[Any]]:
    """Return the subscribers of events."""
    return ()


@pytest.fixture
def accounts_job_handlers() -> Mapping[str, JobHandler]:
    """Return the handlers of the host application's own jobs, by topic."""
    return {}


@pytest.fixture
def accounts_mail_dispatch() -> MailDispatch:
    """Return when mails are sent: in the call that causes them, or by a worker, which is `run_due()` in a test."""
    return MailDispatch.AFTER_COMMIT


@pytest.fixture
def accounts_public_url() -> str:
    """Return the URL that links in mails begin with."""
    return PUBLIC_URL


@pytest.fixture
def accounts_password_hasher() -> PasswordHasher:
    """Return the password hasher. This one costs nothing, and refuses wrong passwords all the same."""
    return PlainHasher()


@pytest.fixture
def accounts_secrets() -> Secrets:
    """Return the source of random bytes. These are the same in each run of a test."""
    return SequenceSecrets()


# ---- what they are made of


@pytest.fixture
def accounts_rate_limits() -> RateLimits:
    """Return the switch of the rate limits, which are off."""
    return RateLimits()


@pytest.fixture
def accounts_factories(accounts_environment: Environment, accounts_profile: Any) -> Factories:
    """Return the factories of this test."""
    return Factories(accounts_environment, accounts_profile)


@pytest.fixture
def accounts_environment(
    request: pytest.FixtureRequest,
    clock: Clock,
    mailbox: Mailbox,
    card_gateway: CardGateway,
    accounts_rate_limits: RateLimits,
    accounts_secrets: Secrets,
    accounts_password_hasher: PasswordHasher,
    accounts_policy: Policy | None,
    accounts_owned_data: Sequence[OwnedData[Any]],
    accounts_subscribers: Sequence[Subscriber[Any]],
    accounts_job_handlers: Mapping[str, JobHandler],
    accounts_mail_dispatch: MailDispatch,
    accounts_profile_type: ProfileType[Any] | None,
) -> Environment:
    """Return the accounts of this test, in memory or on the database."""
    _check("mailbox", mailbox, Mailbox)
    _check("card_gateway", card_gateway, CardGateway)
    _check("clock", clock, Clock)
    parts = Parts(
        clock=clock,
        mailbox=mailbox,
        cards=card_gateway,
        limits=accounts_rate_limits,
        secrets=accounts_secrets,
        passwords=accounts_password_hasher,
        policy=accounts_policy,
        owned_data=accounts_owned_data,
        subscribers=accounts_subscribers,
        job_handlers=accounts_job_handlers,
        mail_dispatch=accounts_mail_dispatch,
        profile_type=accounts_profile_type,
    )
    environment = Environment(parts, request)
    mailbox.open_links_with(environment)
    return environment


def _check(name: str, value: object, expected: type[Any]) -> None:
    is_one = callable(getattr(value, "now", None)) if expected is Clock else isinstance(value, expected)
    if not is_one:
        raise pytest.UsageError(
            f"A fixture of yours is called `{name}` as one of accounts_pytest, and returns a {type(value).__name__}."
            f" Rename yours, or let it return a {expected.__name__}."
        )
