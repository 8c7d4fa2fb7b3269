"""E28: an adapter that blocks its thread is refused by the facade for event loops."""

from typing import Any

import pytest
import sqlalchemy as sa

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher
from accounts_core import Accounts, BlockingAccounts
from accounts_core.errors import ConfigurationError
from accounts_core.ports.store import Store
from accounts_core.testing.builders import NOON
from accounts_memory import (
    ManualClock,
    MemoryGateway,
    MemoryMailer,
    MemoryRateLimiter,
    MemoryStore,
    PlainHasher,
    SequenceSecrets,
)
from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import AsyncRedisRateLimiter, RedisRateLimiter
from accounts_smtp import EmlMailer
from accounts_smtp.smtp import SmtpMailer
from accounts_sql import AsyncSqlRateLimiter, AsyncSqlStore, SqlRateLimiter, SqlStore
from accounts_stripe import BlockingStripeGateway, StripeGateway

ENGINE = sa.create_engine("sqlite://")
REDIS = RedisUrl.parse("redis://127.0.0.1:1/0")

BLOCKING: dict[str, tuple[str, Any]] = {
    "SqlStore": ("store", lambda: SqlStore(ENGINE)),
    "SqlRateLimiter": ("limits", lambda: SqlRateLimiter(ENGINE)),
    "RedisRateLimiter": ("limits", lambda: RedisRateLimiter.connect(REDIS)),
    "Argon2Hasher": ("passwords", Argon2Hasher),
    "BlockingStripeGateway": ("payments", lambda: BlockingStripeGateway.connect("sk_test_1")),
}


def ports(**others: Any) -> dict[str, Any]:
    clock, secrets = ManualClock(NOON), SequenceSecrets()
    return {
        "store": MemoryStore(),
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "passwords": PlainHasher(),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
        "limits": None,
        **others,
    }


@pytest.mark.parametrize("name", BLOCKING)
def test_an_adapter_that_blocks_is_refused_where_an_event_loop_runs(name: str) -> None:
    port, make = BLOCKING[name]

    with pytest.raises(ConfigurationError) as refusal:
        Accounts(**ports(**{port: make()}))

    assert str(refusal.value) == (
        f"{name} blocks the thread, and with it the event loop of Accounts. Give an adapter for event loops, or use"
        " BlockingAccounts."
    )
    BlockingAccounts(**ports(**{port: make()}))


def test_the_stores_own_limiter_does_not_block_either() -> None:
    class Mixed(MemoryStore):
        def rate_limiter(self) -> Any:
            return SqlRateLimiter(ENGINE)

    everything = ports(store=Mixed())
    del everything["limits"]
    with pytest.raises(ConfigurationError, match="SqlRateLimiter blocks the thread"):
        Accounts(**everything)


@pytest.mark.parametrize(
    "kind",
    [MemoryStore, MemoryGateway, MemoryMailer, MemoryRateLimiter, PlainHasher, EmlMailer],
    ids=lambda it: it.__name__,
)
def test_what_neither_blocks_nor_suspends_is_for_both(kind: Any) -> None:
    """A file of development's mails is written at once."""
    assert (getattr(kind, "blocks", False), kind.suspends) == (False, False)


@pytest.mark.parametrize(
    "kind",
    [AsyncSqlStore, AsyncSqlRateLimiter, AsyncRedisRateLimiter, AsyncArgon2Hasher, StripeGateway, SmtpMailer],
    ids=lambda it: it.__name__,
)
def test_what_suspends_does_not_block(kind: Any) -> None:
    assert (getattr(kind, "blocks", False), kind.suspends) == (False, True)


def test_a_store_of_a_hosts_own_says_so_if_it_blocks() -> None:
    class Slow(MemoryStore):
        blocks = True

    store: Store[Any] = Slow()
    with pytest.raises(ConfigurationError, match="Slow blocks the thread"):
        Accounts(**ports(store=store))
