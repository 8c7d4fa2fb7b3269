"""Logging of a worker's lane: consecutive expected failures once, and the recovery."""

import logging
from typing import Final

from accounts_core.errors import AccountsError
from accounts_core.results import WorkerRun

logger: Final = logging.getLogger("accounts_system")

LONGEST_PAUSE_SECONDS: Final = 60.0
"""Maximum pause while the database is unavailable."""


class LaneReport:
    """Logger of a lane's results. `name` is the lane's name in the log."""

    def __init__(self, name: str, *, idle_seconds: float) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._failures = 0
        self._is_troubled = False

    def failed(self, error: BaseException) -> float:
        """Log an error, consecutive expected ones only once, and return the pause, which doubles each time."""
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
            logger.error("A job (%s) was dead-lettered: `accounts outbox list` shows it.", self._name)
        if ran.rescheduled and not self._is_troubled:
            self._is_troubled = True
            logger.warning("A job (%s) failed and was rescheduled: `accounts outbox list` shows why.", self._name)
        if ran.done and self._is_troubled:
            self._is_troubled = False
            logger.info("Jobs (%s) succeed again.", self._name)
