"""What a worker does besides jobs: repairs of times, cleanup, and the alarm for jobs that nobody does."""

from collections.abc import Sequence

import attrs
import pytest

from accounts_core import run_sync
from accounts_core.model.outbox import OverdueJobs
from accounts_core.results import TimesRepairResult
from accounts_core.testing.builders import NOON
from accounts_system.care import CLEANUP_EVERY_SECONDS, REPAIR_EVERY_SECONDS, REPEAT_ALARM_SECONDS, Care

WELCOMES = OverdueJobs(topic="host.welcome", count=3, oldest_due=NOON)
ALARM = "No worker does the jobs of the topic host.welcome: 3 are due, the oldest since 2026-03-01T12:00:00+00:00."


@attrs.define
class FakeAccounts:
    """Counts what is asked of it, and has what is overdue told beforehand."""

    overdue: Sequence[OverdueJobs] = ()
    repaired: int = 0
    tidied: int = 0

    async def repair_times(self) -> TimesRepairResult:
        self.repaired += 1
        return TimesRepairResult(jobs=1, sessions=2, mail_tokens=3)

    async def run_cleanup(self) -> object:
        self.tidied += 1
        return None

    async def list_overdue_jobs(self) -> Sequence[OverdueJobs]:
        return self.overdue


@attrs.define
class Clocks:
    """The monotonic clock and the machine's, both moved by hand."""

    monotonic_seconds: float = 1000.0
    wall_seconds: float = 1_700_000_000.0

    def pass_by(self, seconds: float) -> None:
        self.monotonic_seconds += seconds
        self.wall_seconds += seconds

    def care(self, accounts: FakeAccounts) -> Care:
        return Care(accounts, monotonic=lambda: self.monotonic_seconds, wall_clock=lambda: self.wall_seconds)


def test_a7_times_are_repaired_at_the_start_every_minute_and_when_the_clock_jumps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    accounts, clocks = FakeAccounts(), Clocks()
    care = clocks.care(accounts)

    run_sync(care.step())
    for expected, jump in ((1, 0.0), (1, 5.0), (2, 86_400.0), (2, 0.0), (3, -86_400.0), (3, 0.0)):
        clocks.wall_seconds += jump
        run_sync(care.step())
        assert accounts.repaired == expected
    clocks.pass_by(REPAIR_EVERY_SECONDS)
    run_sync(care.step())

    assert accounts.repaired == 4
    assert caplog.messages[0] == (
        "The machine's clock was wrong. Times that it wrote were repaired: "
        "1 of jobs, 2 of sessions, 3 of mailed tokens."
    )


def test_the_cleanup_runs_at_the_start_and_once_a_day() -> None:
    accounts, clocks = FakeAccounts(), Clocks()
    care = clocks.care(accounts)

    run_sync(care.step())
    clocks.pass_by(CLEANUP_EVERY_SECONDS - 1)
    run_sync(care.step())
    assert accounts.tidied == 1
    clocks.pass_by(1)
    run_sync(care.step())
    assert accounts.tidied == 2


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [message for message in caplog.messages if not message.startswith("The machine's clock")]
    caplog.clear()
    return said


def test_jobs_that_nobody_does_are_told_of_once_an_hour_and_when_they_are_done_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    accounts, clocks = FakeAccounts(overdue=[WELCOMES]), Clocks()
    care = clocks.care(accounts)

    def look() -> list[str]:
        clocks.pass_by(REPAIR_EVERY_SECONDS)
        run_sync(care.step())
        return alarms(caplog)

    assert look() == []  # a worker that starts has the jobs of its absence to do first
    assert look() == [ALARM]
    assert look() == []
    clocks.pass_by(REPEAT_ALARM_SECONDS)
    assert look() == [ALARM]
    accounts.overdue = ()
    assert look() == ["Jobs of the topic host.welcome are done again."]
    assert look() == []
    accounts.overdue = [WELCOMES]
    assert look() == []
    assert look() == [ALARM]
