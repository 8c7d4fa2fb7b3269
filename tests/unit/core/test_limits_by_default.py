"""E17: where nothing is said about limits, the store's own rate limiter counts, or the accounts are refused."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.conftest import PASSWORD, Environment

from accounts_core import Accounts, BlockingAccounts, Policy, run_sync
from accounts_core.errors import ConfigurationError, InvalidCredentials, RateLimitExceeded
from accounts_core.model.rate_limits import SIGN_IN, RateLimit, in_every_scope
from accounts_core.ports.store import Reader
from accounts_memory import MemoryRateLimiter, MemoryStore

ONCE = Policy(limits=in_every_scope({SIGN_IN: RateLimit(1, timedelta(hours=1))}))


def ports(env: Environment, **others: Any) -> dict[str, Any]:
    return {
        "store": env.store,
        "payments": env.gateway,
        "passwords": env.hasher,
        "mailer": env.mailer,
        "clock": env.clock,
        "secrets": env.secrets,
        "policy": ONCE,
        **others,
    }


def guess(accounts: BlockingAccounts[Any]) -> None:
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)


def refused(accounts: BlockingAccounts[Any]) -> None:
    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)


def test_attempts_are_counted_if_nothing_is_said_about_limits(env: Environment) -> None:
    accounts = BlockingAccounts(**ports(env))

    guess(accounts)
    refused(accounts)


def test_so_they_are_by_the_asynchronous_facade(env: Environment) -> None:
    accounts: Accounts[Any] = Accounts(**ports(env))

    guess(BlockingAccounts(**ports(env)))
    with pytest.raises(RateLimitExceeded):
        run_sync(accounts.sign_in(email="jane@example.org", password=PASSWORD))


def test_the_facades_over_one_store_count_together(env: Environment) -> None:
    guess(BlockingAccounts(**ports(env)))

    refused(BlockingAccounts(**ports(env)))


def test_a_facade_over_another_store_in_the_same_ports_keeps_the_limits(env: Environment) -> None:
    accounts = BlockingAccounts(**ports(env))
    guess(accounts)

    refused(accounts.on(MemoryStore()))


def test_none_counts_nothing(env: Environment) -> None:
    accounts = BlockingAccounts(**ports(env, limits=None))

    for _ in range(2):
        guess(accounts)


def test_a_limiter_that_is_given_counts_alone(env: Environment) -> None:
    guess(BlockingAccounts(**ports(env)))

    accounts = BlockingAccounts(**ports(env, limits=MemoryRateLimiter()))
    guess(accounts)
    refused(accounts)


class OlderStore:
    """A host's store from before stores had rate limiters."""

    suspends = False
    commits = True

    def __init__(self, inner: MemoryStore) -> None:
        self._inner = inner

    def begin(self) -> AbstractAsyncContextManager[Any]:
        return self._inner.begin()

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        return self._inner.reader()


@pytest.mark.parametrize("facade", [Accounts, BlockingAccounts])
def test_a_store_without_a_limiter_is_refused_with_what_to_give(
    env: Environment, facade: Callable[..., object]
) -> None:
    store = OlderStore(env.store)

    with pytest.raises(ConfigurationError) as refusal:
        facade(**ports(env, store=store))

    assert str(refusal.value) == (
        "OlderStore has no rate limiter. Give the accounts one, limits=..., or limits=None for no rate limits."
    )
    guess(BlockingAccounts(**ports(env, store=store, limits=None)))
