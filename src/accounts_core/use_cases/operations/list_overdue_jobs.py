"""List overdue jobs for an alarm, such as those of a topic that no running worker has a handler for."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import attrs

from accounts_core.model.outbox import OverdueJobs
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork

OVERDUE_AFTER: Final = timedelta(minutes=15)
"""Time after its due time from which a job counts as overdue; longer than any lease."""

MOST_TOPICS: Final = 100
"""Maximum number of topics returned."""


@attrs.frozen
class ListOverdueJobs:
    """List the topics whose jobs no worker performs."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self) -> Sequence[OverdueJobs]:
        """List the topics of jobs that have been due for 15 minutes or more, for an alarm.

        A worker claims only jobs that it has a handler for, so these wait until one that has is run.

        Returns:
            The number of jobs and the oldest due time of each topic, the oldest first; at most 100 topics.

        Raises:
            Unavailable: The database is away.

        """
        async with self._store.reader() as reader:
            return await reader.outbox.list_overdue(before=self._clock.now() - OVERDUE_AFTER, limit=MOST_TOPICS)
