import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from accounts_core.testing.contracts import ClockContract, SecretsContract
from accounts_system import SystemClock, SystemSecrets

ROOT = Path(__file__).resolve().parents[3]
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


def test_a7_the_machines_time_is_read_in_few_places_and_no_span_is_measured_by_it() -> None:
    """Everything else takes a `Clock`, or measures by a monotonic clock."""
    reads = re.compile(r"\btime\.time\b|\b(?:(?<!\.)time|datetime\.now|datetime\.utcnow)\(")
    found = {
        (path.parent.name, path.name)
        for path in (ROOT / "src").rglob("*.py")
        for line in path.read_text().splitlines()
        if reads.search(line) and "`" not in line
    }

    assert found == {
        ("accounts_system", "clock.py"),  # the clock itself
        ("accounts_service", "logs.py"),  # the time of a log line
        ("accounts_system", "care.py"),  # compared with the monotonic clock, to see a jump
    }


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
