"""What the smaller adapters in memory do beyond their contracts: everything that a test steers or looks at."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON, at
from accounts_memory import ManualClock, MemoryMailer, MemoryRateLimiter, PlainHasher, SequenceSecrets

pytestmark = pytest.mark.usefixtures("drive")

NOTICE = MailMessage(
    id="ntc_1", to=EmailAddress("jane@example.org"), kind=MailKind.INVITATION, values={"team": "Bookshop"}
)


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(NOON)
    assert clock.now() == clock.now() == NOON

    assert clock.advance(timedelta(minutes=5)) == at(5)
    assert clock.now() == at(5)


def test_a_clock_tells_utc_wherever_it_was_started() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        ManualClock(NOON).advance(timedelta(microseconds=-1))


def test_a_clock_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ManualClock(datetime(2026, 3, 1))  # noqa: DTZ001  the very thing that is refused


def test_the_same_seed_gives_the_same_secrets_and_another_seed_others() -> None:
    first, again, other = SequenceSecrets(1), SequenceSecrets(1), SequenceSecrets(2)

    drawn = [first.random_bytes(15) for _ in range(3)]

    assert [again.random_bytes(15) for _ in range(3)] == drawn
    assert other.random_bytes(15) not in drawn


async def test_a_hash_of_an_older_generation_is_right_and_needs_another() -> None:
    hasher = PlainHasher()
    hashed = await hasher.hash(Password("correct horse battery"))
    assert not hasher.needs_rehash(hashed)

    hasher.generation += 1

    assert hasher.needs_rehash(hashed)
    assert await hasher.verify(hashed, Password("correct horse battery"))


async def test_a_hasher_counts_verifications_whatever_they_were_of() -> None:
    hasher = PlainHasher()
    hashed = await hasher.hash(Password("correct horse battery"))

    await hasher.verify(hashed, Password("correct horse battery"))
    await hasher.verify(hashed, Password("wrong"))
    await hasher.verify(None, Password("wrong"))

    assert hasher.verified == 3


async def test_a_notifier_keeps_what_it_delivered_and_fails_when_it_is_told_to() -> None:
    mailer = MemoryMailer()
    mailer.fail_next(Unavailable("no mail today"))

    with pytest.raises(Unavailable, match="no mail today"):
        await mailer.deliver(NOTICE)
    assert mailer.delivered == []

    await mailer.deliver(NOTICE)
    assert mailer.delivered == [NOTICE]


async def test_limits_forget_scopes_in_which_nothing_counts_any_more() -> None:
    limits, once = MemoryRateLimiter(), RateLimit(1, timedelta(minutes=1))
    for number in range(3000):
        await limits.consume("sign-in", {str(number): once}, now=at(number))

    assert limits.scopes < 1100


async def test_limits_that_sweep_still_count_what_counts() -> None:
    limits, once = MemoryRateLimiter(), RateLimit(1, timedelta(days=1))
    await limits.consume("sign-in", {"jane": once}, now=NOON)
    for number in range(3000):
        await limits.consume("sign-in", {str(number): once}, now=at(1))

    with pytest.raises(RateLimitExceeded):
        await limits.consume("sign-in", {"jane": once}, now=at(2))
