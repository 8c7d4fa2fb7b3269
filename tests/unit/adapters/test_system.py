from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from accounts_system import SystemClock, SystemSecrets

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def clock_reading(*readings: datetime) -> SystemClock:
    source: Iterator[datetime] = iter(readings)
    return SystemClock(lambda: next(source))


def test_the_clock_tells_the_present_moment_in_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    after = datetime.now(UTC)

    assert before <= told <= after
    assert told.utcoffset() == timedelta(0)


def test_the_clock_stands_still_while_the_machine_is_set_back() -> None:
    clock = clock_reading(NOON, NOON - timedelta(hours=1), NOON - timedelta(seconds=1), NOON + timedelta(seconds=1))

    assert [clock.now() for _ in range(4)] == [NOON, NOON, NOON, NOON + timedelta(seconds=1)]


def test_secrets_have_the_length_that_was_asked_for() -> None:
    assert [len(SystemSecrets().random_bytes(count)) for count in (0, 1, 15, 32)] == [0, 1, 15, 32]


def test_no_secret_comes_twice() -> None:
    secrets = SystemSecrets()

    assert len({secrets.random_bytes(16) for _ in range(1000)}) == 1000
