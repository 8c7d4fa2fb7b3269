from datetime import UTC, datetime

import attrs


@attrs.frozen
class SystemClock:
    """System clock in UTC, with microseconds. Thread-safe.

    It is not monotonic: an operator or time synchronisation may set it back.
    """

    def now(self) -> datetime:
        return datetime.now(UTC)
