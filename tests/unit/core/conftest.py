"""An environment in memory, and the core on it, called without an event loop."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest

from accounts_core import BlockingAccounts, MailDispatch, Policy, ProfileType
from accounts_core.model import User, UserId
from accounts_core.model.events import DomainEvent
from accounts_core.ports.owned_data import OwnedData
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.sessions.authenticate import Caller
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

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "an entirely different one"

Core = BlockingAccounts[Any, MemoryUnitOfWork]


class Events:
    """A subscriber that remembers what it heard of committed and rolled-back units alike."""

    def __init__(self) -> None:
        self.heard: list[DomainEvent] = []

    async def __call__(self, work: MemoryUnitOfWork, event: DomainEvent) -> None:
        self.heard.append(event)

    def of(self, kind: type[DomainEvent]) -> list[DomainEvent]:
        return [event for event in self.heard if isinstance(event, kind)]


@attrs.frozen
class Environment:
    """Everything around the core, to look at and to steer."""

    clock: ManualClock
    events: Events
    store: MemoryStore
    gateway: MemoryGateway
    mailer: MemoryMailer
    hasher: PlainHasher
    secrets: SequenceSecrets

    def accounts(
        self,
        policy: Policy | None = None,
        limits: MemoryRateLimiter | None = None,
        owned_data: Sequence[OwnedData[MemoryUnitOfWork]] = (),
        profile_type: ProfileType[Any] | None = None,
    ) -> Core:
        return BlockingAccounts(
            mail_dispatch=MailDispatch.WORKER,
            store=self.store,
            payments=self.gateway,
            passwords=self.hasher,
            mailer=self.mailer,
            clock=self.clock,
            secrets=self.secrets,
            policy=policy,
            limits=limits,
            owned_data=owned_data,
            profile_type=profile_type,
        )

    def wait(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))


@pytest.fixture
def env() -> Environment:
    clock, secrets, events = ManualClock(NOON), SequenceSecrets(), Events()
    return Environment(
        clock=clock,
        events=events,
        store=MemoryStore(subscribers=[events]),
        gateway=MemoryGateway(clock=clock, secrets=secrets),
        mailer=MemoryMailer(),
        hasher=PlainHasher(),
        secrets=secrets,
    )


@pytest.fixture
def accounts(env: Environment) -> Core:
    return env.accounts()


@pytest.fixture
def jane(accounts: Core, env: Environment) -> User:
    return signed_up(accounts, env, "jane@example.org", "Jane Doe")


@pytest.fixture
def john(accounts: Core, env: Environment) -> User:
    return signed_up(accounts, env, "john@example.org", "John Roe")


def signed_up(accounts: Core, env: Environment, email: str, name: str) -> User:
    """Sign somebody up, and have the worker send the mail that comes with it."""
    user = accounts.register(email=email, password=PASSWORD, name=name)
    accounts.run_due()
    env.mailer.delivered.clear()
    return user


@pytest.fixture
def signed_in(accounts: Core, jane: User) -> SignInResult:
    return accounts.sign_in(email="jane@example.org", password=PASSWORD)


@pytest.fixture
def caller(accounts: Core, signed_in: SignInResult) -> Caller:
    return accounts.authenticate(signed_in.token)


NOBODY = UserId(999)
