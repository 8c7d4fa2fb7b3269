"""Jobs of the transactional outbox: every effect outside the database, stored in the transaction of its cause.

A job is performed at least once, so its handler must be idempotent; its id is stable, to detect repeats. A claim is a
lease, identified by `lease`; only its holder may complete or reschedule the job.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class OutboxJob:
    """One job. `due` is the time from which it may be claimed; `attempts` counts claims.

    A job that keeps failing is dead-lettered: it is not claimed until an operator retries it. `last_error` says why it
    failed.
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
    """Jobs of one topic that are long due and not leased: no worker claims them, or too few workers do."""

    topic: str
    count: int
    oldest_due: datetime
