"""E17: where nothing is said about limits, the store's own rate limiter counts, or the accounts are refused."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.conftest import PASSWORD, World

from accounts_core import Accounts, BlockingAccounts, Policy, run_sync
from accounts_core.errors import ConfigurationError, InvalidCredentials, RateLimitExceeded
from accounts_core.model.rate_limits import SIGN_IN, RateLimit, in_every_scope
from accounts_core.ports.store import Reader
from accounts_memory import MemoryRateLimiter, MemoryStore

ONCE = Policy(limits=in_every_scope({SIGN_IN: RateLimit(1, timedelta(hours=1))}))


def ports(world: World, **others: Any) -> dict[str, Any]:
    return {
        "store": world.store,
        "payments": world.gateway,
        "passwords": world.hasher,
        "mailer": world.mailer,
        "clock": world.clock,
        "secrets": world.secrets,
        "policy": ONCE,
        **others,
    }


def guess(accounts: BlockingAccounts[Any]) -> None:
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)


def refused(accounts: BlockingAccounts[Any]) -> None:
    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)


def test_attempts_are_counted_if_nothing_is_said_about_limits(world: World) -> None:
    accounts = BlockingAccounts(**ports(world))

    guess(accounts)
    refused(accounts)


def test_so_they_are_by_the_asynchronous_facade(world: World) -> None:
    accounts: Accounts[Any] = Accounts(**ports(world))

    guess(BlockingAccounts(**ports(world)))
    with pytest.raises(RateLimitExceeded):
        run_sync(accounts.sign_in(email="jane@example.org", password=PASSWORD))


def test_the_facades_over_one_store_count_together(world: World) -> None:
    guess(BlockingAccounts(**ports(world)))

    refused(BlockingAccounts(**ports(world)))


def test_a_facade_over_another_store_in_the_same_ports_keeps_the_limits(world: World) -> None:
    accounts = BlockingAccounts(**ports(world))
    guess(accounts)

    refused(accounts.on(MemoryStore()))


def test_none_counts_nothing(world: World) -> None:
    accounts = BlockingAccounts(**ports(world, limits=None))

    for _ in range(2):
        guess(accounts)


def test_a_limiter_that_is_given_counts_alone(world: World) -> None:
    guess(BlockingAccounts(**ports(world)))

    accounts = BlockingAccounts(**ports(world, limits=MemoryRateLimiter()))
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
def test_a_store_without_a_limiter_is_refused_with_what_to_give(world: World, facade: Callable[..., object]) -> None:
    store = OlderStore(world.store)

    with pytest.raises(ConfigurationError) as refusal:
        facade(**ports(world, store=store))

    assert str(refusal.value) == (
        "OlderStore has no rate limiter. Give the accounts one, limits=..., or limits=None for no rate limits."
    )
    guess(BlockingAccounts(**ports(world, store=store, limits=None)))
