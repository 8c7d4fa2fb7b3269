from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from accounts_core.testing.contracts import ClockContract, SecretsContract
from accounts_system import SystemClock, SystemSecrets

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_the_clock_tells_the_present_moment_in_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    after = datetime.now(UTC)

    assert before <= told <= after
    assert told.utcoffset() == timedelta(0)


def test_a7_the_clock_follows_the_machine_ahead_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = [NOON, NOON + timedelta(days=1), NOON - timedelta(days=1), NOON]
    left = list(readings)

    class Machine(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return left.pop(0).astimezone(tz)

    monkeypatch.setattr("accounts_system.clock.datetime", Machine)
    clock = SystemClock()

    assert readings == [clock.now() for _ in readings]


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
