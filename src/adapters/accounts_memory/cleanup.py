from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from accounts_core.ports.cleanup import Cleanup, CleanupReader, Expired

from .schema import Tables, Workspace

_TIMES: Final[Mapping[Expired, tuple[str, Callable[[Any], datetime | None]]]] = {
    Expired.SESSIONS: ("sessions", lambda row: row.expires_at),
    Expired.MAIL_TOKENS: ("mail_tokens", lambda row: row.expires_at),
    Expired.SIGN_UPS: ("sign_ups", lambda row: row.expires_at),
    Expired.IDEMPOTENCY_RECORDS: ("idempotency_records", lambda row: row.created_at),
    Expired.PROVIDER_EVENTS: ("provider_events", lambda row: row.received_at),
    Expired.INVITATIONS: ("invitations", lambda row: row.sent_at),
    Expired.NOTIFICATIONS: ("notifications", lambda row: row.created_at),
    Expired.DEVICES: ("devices", lambda row: row.last_seen_at),
    Expired.VERIFICATIONS: ("verifications", lambda row: None if row.is_open else row.updated_at),
    Expired.DEAD_JOBS: ("jobs", lambda row: row.dead_lettered_at),
    Expired.AUDIT: ("audit", lambda row: row.at),
}
"""Table of each kind, and the time that is compared; None for rows that do not expire."""


def _expired(tables: Tables | Workspace, kind: Expired, until: datetime, unused_since: datetime | None) -> list[Any]:
    name, time_of = _TIMES[kind]

    def has_ended(row: Any) -> bool:
        time = time_of(row)
        is_unused = unused_since is not None and row.last_used_at <= unused_since
        return is_unused or (time is not None and time <= until)

    return [row for row in getattr(tables, name).all() if has_ended(row)]


class MemoryCleanupReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def count(self, kind: Expired, *, until: datetime, unused_since: datetime | None = None) -> int:
        return len(_expired(self._tables(), kind, until, unused_since))


class MemoryCleanup(MemoryCleanupReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def delete(self, kind: Expired, *, until: datetime, limit: int, unused_since: datetime | None = None) -> int:
        workspace = self._workspace()
        rows = _expired(workspace, kind, until, unused_since)[:limit]
        for row in rows:
            getattr(workspace, _TIMES[kind][0]).drop(row)
        return len(rows)


_reads: type[CleanupReader] = MemoryCleanupReader
_cleanup: type[Cleanup] = MemoryCleanup
