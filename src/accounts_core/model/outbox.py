"""Jobs of the transactional outbox: every effect outside the database, written down with what caused it.

A job is done at least once, so whoever does it must be able to do it twice; its id is stable, for dedup. A claim
is a lease: `lease` names it, and only its holder may end or put off the job.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class OutboxJob:
    """One effect to be done. `due` is when it may be claimed next; `attempts` counts claims.

    A job that keeps failing is dead-lettered: nobody claims it until an operator has it tried again. `last_error` says
    why.
    """

    id: str
    topic: str
    payload: Mapping[str, str]
    created_at: datetime
    due: datetime
    attempts: int = 0
    lease: str | None = None
    dead_lettered_at: datetime | None = None
    last_error: str | None = None


@attrs.frozen(kw_only=True)
class OverdueJobs:
    """Jobs of one topic that have been due for long, held by nobody: no worker does them, or too few."""

    topic: str
    count: int
    oldest_due: datetime
