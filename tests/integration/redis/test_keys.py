"""What is written into Redis: how long it stays, what it tells, and that a refusal writes nothing."""

import os
from datetime import timedelta

import pytest
import redis
from tests.integration.redis.modes import Mode

from accounts_core.errors import RateLimitExceeded
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS, MOST_FAILURES
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import at
from accounts_redis import RedisUrl

pytestmark = pytest.mark.usefixtures("drive")

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ONCE = RateLimit(1, MINUTE)


def keys(client: redis.Redis, prefix: str) -> list[bytes]:
    return sorted(client.scan_iter(match=f"{{{prefix}:*"))


def time_left(client: redis.Redis, key: bytes) -> timedelta:
    return timedelta(milliseconds=client.pttl(key))


async def test_redis_does_not_say_whose_attempts_they_were(
    limits: RateLimiter, client: redis.Redis, prefix: str
) -> None:
    await limits.consume("sign-in", {"account:jane@example.org": ONCE, "client:192.0.2.7": ONCE}, now=at(0))

    kept = [(key, client.zrange(key, 0, -1)) for key in keys(client, prefix)]

    assert len(kept) == 2
    assert "jane" not in repr(kept)
    assert "192.0.2.7" not in repr(kept)


async def test_any_text_is_a_scope_and_no_key_is_long(limits: RateLimiter, client: redis.Redis, prefix: str) -> None:
    for scope in ("", "a\0b", "a\ud800b", "}{", "x" * 100_000):
        await limits.consume("sign-in", {scope: ONCE}, now=at(0))
        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {scope: ONCE}, now=at(0))

    assert {len(key) for key in keys(client, prefix)} == {len(f"{{{prefix}:sign-in}}:") + 64}


@pytest.mark.parametrize(
    "limit", [limit for scopes in DEFAULT_RATE_LIMITS.values() for limit in scopes.values()] + [MOST_FAILURES], ids=str
)
async def test_a_key_expires_by_itself_soon_after_its_attempts_no_longer_count(
    limits: RateLimiter, client: redis.Redis, prefix: str, limit: RateLimit
) -> None:
    await limits.consume("sign-in", {"jane": limit}, now=at(0))

    (key,) = keys(client, prefix)
    assert limit.period < time_left(client, key) <= limit.period + CLOCK_SKEW


async def test_a_shorter_limit_does_not_make_what_is_kept_go_sooner(
    limits: RateLimiter, client: redis.Redis, prefix: str
) -> None:
    await limits.consume("sign-in", {"jane": RateLimit(9, HOUR)}, now=at(0))
    await limits.consume("sign-in", {"jane": RateLimit(9, MINUTE)}, now=at(0))

    (key,) = keys(client, prefix)
    assert time_left(client, key) > HOUR


async def test_each_attempt_puts_the_end_off(limits: RateLimiter, client: redis.Redis, prefix: str) -> None:
    await limits.consume("sign-in", {"jane": RateLimit(9, MINUTE)}, now=at(0))
    (key,) = keys(client, prefix)
    client.pexpire(key, 10_000)

    await limits.consume("sign-in", {"jane": RateLimit(9, MINUTE)}, now=at(0))

    assert time_left(client, key) > MINUTE


async def test_what_has_expired_is_gone_from_memory(limits: RateLimiter, client: redis.Redis, prefix: str) -> None:
    await limits.consume("sign-in", {"jane": ONCE}, now=at(0))
    (key,) = keys(client, prefix)
    client.pexpire(key, 0)

    await limits.consume("sign-in", {"jane": ONCE}, now=at(0))

    assert client.zcard(key) == 1


async def test_what_no_longer_counts_is_dropped_and_what_a_slow_clock_still_counts_is_kept(
    limits: RateLimiter, client: redis.Redis, prefix: str
) -> None:
    limit = RateLimit(2, MINUTE)
    for minute in (0, 1, 2, 3):
        await limits.consume("sign-in", {"jane": limit}, now=at(minute))

    (key,) = keys(client, prefix)
    assert client.zcard(key) == client.zcount(key, at(2).timestamp() * 1e6, at(3).timestamp() * 1e6) == 2
    with pytest.raises(RateLimitExceeded):
        await limits.consume("sign-in", {"jane": limit}, now=at(3) - timedelta(seconds=30))


async def test_a_refusal_writes_nothing(limits: RateLimiter, client: redis.Redis, prefix: str) -> None:
    await limits.consume("sign-in", {"jane": ONCE}, now=at(0))
    before = {key: client.dump(key) for key in keys(client, prefix)}

    for second in range(5):
        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"mary": ONCE, "jane": ONCE}, now=at(0) + timedelta(seconds=second))

    assert {key: client.dump(key) for key in keys(client, prefix)} == before


async def test_attempts_of_one_moment_all_count_though_some_of_it_were_made_by_a_late_clock(
    limits: RateLimiter, client: redis.Redis, prefix: str
) -> None:
    limit = RateLimit(4, HOUR)
    for minute in (5, 5, 9, 5):
        await limits.consume("sign-in", {"jane": limit}, now=at(minute))

    with pytest.raises(RateLimitExceeded) as refusal:
        await limits.consume("sign-in", {"jane": limit}, now=at(10))

    assert refusal.value.retry_after == timedelta(minutes=55)


async def test_a_microsecond_is_not_lost(limits: RateLimiter) -> None:
    odd = at(0) + timedelta(microseconds=123_457)
    await limits.consume("sign-in", {"jane": MOST_FAILURES, "once": RateLimit(1, HOUR)}, now=odd)

    with pytest.raises(RateLimitExceeded) as refusal:
        await limits.consume("sign-in", {"once": RateLimit(1, HOUR)}, now=odd + timedelta(microseconds=1))

    assert refusal.value.retry_after == HOUR - timedelta(microseconds=1)


async def test_services_with_other_prefixes_count_apart(mode: Mode, redis_url: RedisUrl, prefix: str) -> None:
    here, there = mode.limits(redis_url, prefix=f"{prefix}:a"), mode.limits(redis_url, prefix=f"{prefix}:b")
    await here.consume("sign-in", {"jane": ONCE}, now=at(0))

    await there.consume("sign-in", {"jane": ONCE}, now=at(0))

    with pytest.raises(RateLimitExceeded):
        await here.consume("sign-in", {"jane": ONCE}, now=at(0))


async def test_no_scope_asks_nobody(mode: Mode) -> None:
    nowhere = RedisUrl.parse(f"unix:///nowhere/{os.getpid()}.sock")

    await mode.limits(nowhere).consume("sign-in", {}, now=at(0))
