from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts_core.testing.contracts import ClockContract, SecretsContract
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


class TestClock(ClockContract):
    """The machine's clock."""

    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestSecrets(SecretsContract):
    """The machine's random source."""

    @pytest.fixture
    def secrets(self) -> SystemSecrets:
        return SystemSecrets()
