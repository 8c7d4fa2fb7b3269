from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from accounts_memory import ManualClock

START: Final = datetime(2030, 1, 7, 12, tzinfo=UTC)
"""The time at which each test begins, a Monday at noon."""


class TestClock(ManualClock):
    """The clock of the accounts in a test. It stands still until the test moves it.

    Everything that the accounts decide by time follows it: how long sessions and links last, rate limits, when jobs
    are due. What is due is done by the next `run_due()`, as in an application.
    """

    __test__: ClassVar[bool] = False  # pytest: a clock for tests, not a test

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)

    def advance(
        self,
        span: timedelta = timedelta(0),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Move the clock forward: `clock.advance(minutes=5)`, or by a `timedelta`.

        Returns:
            The new time.

        Raises:
            ValueError: The span is negative or empty.

        """
        whole = span + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not whole:
            raise ValueError("The clock was advanced by nothing. Say by how much: clock.advance(minutes=5).")
        return super().advance(whole)

    def set(self, time: datetime) -> datetime:
        """Set the clock to a time, which may be earlier, as on a machine whose clock is wrong.

        Returns:
            The time in UTC.

        Raises:
            ValueError: The time has no time zone.

        """
        if time.tzinfo is None:
            raise ValueError(f"A clock needs a time with a time zone, such as UTC; got {time!r}.")
        return self.jump(time - self.now())

    def __repr__(self) -> str:
        return f"<TestClock {self.now().isoformat()}>"
