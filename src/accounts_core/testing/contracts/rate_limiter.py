from datetime import datetime, timedelta
from functools import partial

import pytest

from accounts_core.errors import RateLimitExceeded
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import NOON, at
from accounts_core.testing.contracts.base import Contract
from accounts_core.testing.harness import Concurrently, failures

TWICE_AN_HOUR = RateLimit(2, timedelta(hours=1))
A_MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


class RateLimiterContract(Contract):
    """`RateLimiter`. An adapter provides `limits`, in which nothing was counted yet."""

    async def test_no_more_than_the_limit_pass(self, limits: RateLimiter) -> None:
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(0))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(0))

        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(0))

    async def test_a_refusal_names_the_limit_and_how_long_until_one_more_passes(self, limits: RateLimiter) -> None:
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(0))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(10))

        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(25))

        assert refusal.value.name == "sign-in"
        assert refusal.value.full == {"jane"}
        assert refusal.value.retry_after == timedelta(minutes=35)
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(25) + refusal.value.retry_after)

    async def test_the_window_slides(self, limits: RateLimiter) -> None:
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(0))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(59))

        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(60) - A_MICROSECOND)
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(60))
        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(61))
        assert refusal.value.retry_after == timedelta(minutes=58)

    async def test_a_limit_that_is_shorter_than_before_counts_to_its_own_end(self, limits: RateLimiter) -> None:
        half = RateLimit(1, timedelta(minutes=30))
        await limits.consume("sign-in", {"jane": RateLimit(1, timedelta(hours=1))}, now=at(0))

        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"jane": half}, now=at(30) - A_MICROSECOND)
        await limits.consume("sign-in", {"jane": half}, now=at(30))

    async def test_a_refused_attempt_is_not_counted(self, limits: RateLimiter) -> None:
        once = RateLimit(1, timedelta(minutes=10))
        await limits.consume("sign-in", {"jane": once}, now=at(0))
        for minute in range(1, 10):
            with pytest.raises(RateLimitExceeded):
                await limits.consume("sign-in", {"jane": once}, now=at(minute))

        await limits.consume("sign-in", {"jane": once}, now=at(10))

    @pytest.mark.parametrize(
        ("name", "scope"), [("sign-in", "mary"), ("recovery", "jane"), ("jane", "sign-in"), ("sign-in", "")]
    )
    async def test_other_names_and_scopes_are_counted_apart(self, limits: RateLimiter, name: str, scope: str) -> None:
        once = RateLimit(1, timedelta(hours=1))
        await limits.consume("sign-in", {"jane": once}, now=at(0))

        await limits.consume(name, {scope: once}, now=at(0))

    async def test_scopes_of_any_text_are_kept_apart(self, limits: RateLimiter) -> None:
        once = RateLimit(1, timedelta(hours=1))
        for scope in ("2001:db8::1", "jøran@example.org", "JØRAN@example.org", "s" * 500, "a:b", "a", "b"):
            await limits.consume("sign-in", {scope: once}, now=at(0))

    async def test_what_is_forgotten_does_not_count(self, limits: RateLimiter) -> None:
        once = RateLimit(1, timedelta(hours=1))
        await limits.consume("sign-in", {"jane": once}, now=at(0))
        await limits.consume("sign-in", {"mary": once}, now=at(0))

        await limits.reset("sign-in", "jane")
        await limits.reset("sign-in", "nobody")

        await limits.consume("sign-in", {"jane": once}, now=at(0))
        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"mary": once}, now=at(0))

    async def test_an_attempt_counts_in_every_scope_or_in_none(self, limits: RateLimiter) -> None:
        once, twice = RateLimit(1, timedelta(hours=1)), RateLimit(2, timedelta(hours=3))
        await limits.consume("sign-in", {"jane": once, "here": twice}, now=at(0))

        for full in ({"jane": once, "here": twice}, {"here": twice, "jane": once}):
            with pytest.raises(RateLimitExceeded) as refusal:
                await limits.consume("sign-in", full, now=at(30))
            assert refusal.value.retry_after == timedelta(minutes=30)

        await limits.consume("sign-in", {"mary": once, "here": twice}, now=at(30))
        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": once, "here": twice}, now=at(45))
        assert refusal.value.retry_after == timedelta(hours=2, minutes=15)

    async def test_the_wait_is_the_longest_of_those_that_are_full_in_whatever_order(self, limits: RateLimiter) -> None:
        within = {"jane": RateLimit(1, timedelta(hours=1)), "here": RateLimit(1, timedelta(minutes=10))}
        await limits.consume("sign-in", within, now=at(0))

        for minute in (5, 20):
            for scopes in (within, dict(reversed(within.items()))):
                with pytest.raises(RateLimitExceeded) as refusal:
                    await limits.consume("sign-in", scopes, now=at(minute))
                assert refusal.value.retry_after == timedelta(minutes=60 - minute)

    async def test_a13_a_refusal_names_every_scope_that_is_full_and_no_other(self, limits: RateLimiter) -> None:
        once, twice = RateLimit(1, timedelta(hours=1)), RateLimit(2, timedelta(hours=1))
        within = {"a": once, "b": twice, "c": once}
        await limits.consume("sign-in", within, now=at(0))

        for scopes in (within, dict(reversed(within.items()))):
            with pytest.raises(RateLimitExceeded) as refusal:
                await limits.consume("sign-in", scopes, now=at(1))
            assert refusal.value.full == {"a", "c"}

    async def test_a13_nobody_is_told_to_wait_for_longer_than_a_day(self, limits: RateLimiter) -> None:
        for period in (timedelta(days=1), timedelta(days=2), timedelta(days=3650)):
            name = f"of {period.days} days"
            await limits.consume(name, {"jane": RateLimit(1, period)}, now=at(0))

            with pytest.raises(RateLimitExceeded) as refusal:
                await limits.consume(name, {"jane": RateLimit(1, period)}, now=at(0))
            assert refusal.value.retry_after == timedelta(days=1)

    async def test_a7_attempts_from_the_future_neither_freeze_a_scope_nor_make_room(self, limits: RateLimiter) -> None:
        """Count correctly after the clock was a day ahead, and while it is a day behind."""
        for minute in (1440, 1440.01):
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(minute))

        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(1))
        assert refusal.value.retry_after == timedelta(hours=1)
        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(61) - A_MICROSECOND)
        assert refusal.value.retry_after == A_MICROSECOND
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(61))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(61))
        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(62))
        assert refusal.value.retry_after == timedelta(minutes=59)

    async def test_a7_only_some_attempts_of_a_full_scope_are_from_the_future(self, limits: RateLimiter) -> None:
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(1440))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(10))

        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(15))
        assert refusal.value.retry_after == timedelta(minutes=55)
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(70))
        await limits.consume("sign-in", {"jane": TWICE_AN_HOUR}, now=at(75))

    async def test_a7_attempts_of_a_machine_that_is_barely_ahead_keep_their_time(self, limits: RateLimiter) -> None:
        once = RateLimit(1, timedelta(hours=1))
        await limits.consume("sign-in", {"jane": once}, now=at(0) + CLOCK_SKEW)

        with pytest.raises(RateLimitExceeded) as refusal:
            await limits.consume("sign-in", {"jane": once}, now=at(0))
        assert refusal.value.retry_after == once.period  # never longer than the period
        with pytest.raises(RateLimitExceeded):
            await limits.consume("sign-in", {"jane": once}, now=at(60) + CLOCK_SKEW - A_MICROSECOND)
        await limits.consume("sign-in", {"jane": once}, now=at(60) + CLOCK_SKEW)

    async def test_f12_attempts_go_when_they_count_no_more_and_not_before(self, limits: RateLimiter) -> None:
        """Delete in batches; nothing is left to delete where attempts expire by themselves."""
        for second in range(3):
            await limits.consume(
                "sign-in", {"client:1": RateLimit(9, timedelta(seconds=60))}, now=NOON + SECOND * second
            )

        def later(second: int) -> datetime:
            return NOON + SECOND * (60 + second)

        assert await limits.count_expired(now=later(0) - A_MICROSECOND) == 0
        assert await limits.delete_expired(now=later(0) - A_MICROSECOND, limit=9) == 0
        expired = await limits.count_expired(now=later(2))
        assert expired in (0, 3)
        assert [await limits.delete_expired(now=later(2), limit=2) for _ in range(3)] == (
            [2, 1, 0] if expired else [0, 0, 0]
        )
        assert await limits.count_expired(now=later(2)) == 0

    async def test_no_scope_is_no_limit(self, limits: RateLimiter) -> None:
        await limits.consume("sign-in", {}, now=at(0))

    async def test_scopes_in_any_order_at_once_neither_wait_for_each_other_nor_let_too_many_through(
        self, limits: RateLimiter, concurrently: Concurrently
    ) -> None:
        limit = RateLimit(4, timedelta(hours=1))
        either = [{"a": limit, "b": limit}, {"b": limit, "a": limit}]

        outcomes = await concurrently(*[partial(limits.consume, "sign-in", each, now=at(0)) for each in either * 5])

        assert outcomes.count(None) == 4
        assert [type(error) for error in failures(outcomes)] == [RateLimitExceeded] * 6

    async def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says(
        self, limits: RateLimiter, concurrently: Concurrently
    ) -> None:
        limit = RateLimit(3, timedelta(hours=1))

        outcomes = await concurrently(*[partial(limits.consume, "sign-in", {"jane": limit}, now=at(0))] * 10)

        assert outcomes.count(None) == 3
        assert [type(error) for error in failures(outcomes)] == [RateLimitExceeded] * 7
