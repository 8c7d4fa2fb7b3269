from datetime import UTC, timedelta

from accounts_core.ports.clock import Clock
from accounts_core.testing.contracts.base import Contract


class ClockContract(Contract):
    """`Clock`. An adapter provides `clock`."""

    async def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        now = clock.now()

        assert now.tzinfo is UTC
        assert now.utcoffset() == timedelta(0)
