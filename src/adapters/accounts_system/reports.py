"""What a worker's lane logs: an expected failure once in a row, and that it is over."""

import logging
from typing import Final

from accounts_core.errors import AccountsError
from accounts_core.results import WorkerRun

logger: Final = logging.getLogger("accounts_system")

LONGEST_PAUSE_SECONDS: Final = 60.0
"""How long to wait at most when the database is away."""


class LaneReport:
    """Logs what becomes of a lane's steps. `name` is what the log calls the lane."""

    def __init__(self, name: str, *, idle_seconds: float) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._failures = 0
        self._is_troubled = False

    def failed(self, error: Exception) -> float:
        """Log it, an expected one only once in a row, and return how long to wait: twice as long each time."""
        self._failures += 1
        if not isinstance(error, AccountsError):
            logger.error("The worker (%s) failed; it goes on.", self._name, exc_info=error)
        elif self._failures == 1:
            logger.warning("The worker (%s) waits: %s", self._name, str(error) or type(error).__name__)
        return min(self._idle_seconds * 2.0 ** min(self._failures, 30), LONGEST_PAUSE_SECONDS)

    def ran(self, ran: WorkerRun) -> None:
        if self._failures:
            self._failures = 0
            logger.info("The worker (%s) goes on.", self._name)
        if ran.dead_lettered:
            logger.error("A job (%s) was parked: `accounts outbox list` shows it.", self._name)
        if ran.rescheduled and not self._is_troubled:
            self._is_troubled = True
            logger.warning("A job (%s) failed and is put off: `accounts outbox list` shows why.", self._name)
        if ran.done and self._is_troubled:
            self._is_troubled = False
            logger.info("Jobs (%s) succeed again.", self._name)
