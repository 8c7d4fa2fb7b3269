from datetime import UTC, datetime

import attrs


@attrs.frozen
class SystemClock:
    """The machine's clock, in UTC, to the microsecond. Safe to share between threads.

    It follows the machine: when the clock is set back, by a person or by time synchronisation, so is this one.
    """

    def now(self) -> datetime:
        return datetime.now(UTC)
