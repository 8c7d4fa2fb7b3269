from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core.model.verification import OPEN_STATES
from accounts_core.ports.cleanup import Expired
from accounts_sql import tables
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements.batches import delete_batch
from accounts_sql.statements.queries import Query, by_moment, scalar

# literals, not parameters: the partial indexes are not used otherwise
_IS_OPEN: Final = tables.verifications.c.state.in_([sa.literal_column(f"'{state}'") for state in sorted(OPEN_STATES)])


def _until(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return column <= by_moment("until")


_EXPIRED: Final[Mapping[Expired, tuple[sa.Table, sa.ColumnElement[bool]]]] = {
    Expired.SESSIONS: (
        tables.sessions,
        sa.or_(_until(tables.sessions.c.expires_at), tables.sessions.c.last_used_at <= by_moment("unused_since")),
    ),
    Expired.MAIL_TOKENS: (tables.mail_tokens, _until(tables.mail_tokens.c.expires_at)),
    Expired.SIGN_UPS: (tables.sign_ups, _until(tables.sign_ups.c.expires_at)),
    Expired.IDEMPOTENCY_RECORDS: (tables.idempotency_records, _until(tables.idempotency_records.c.created_at)),
    Expired.PROVIDER_EVENTS: (tables.provider_events, _until(tables.provider_events.c.received_at)),
    # a process of the previous release adds rows without `sent_at`
    Expired.INVITATIONS: (
        tables.invitations,
        sa.or_(
            _until(tables.invitations.c.sent_at),
            sa.and_(tables.invitations.c.sent_at.is_(None), _until(tables.invitations.c.created_at)),
        ),
    ),
    Expired.NOTIFICATIONS: (tables.notifications, _until(tables.notifications.c.created_at)),
    # a process of the previous release does not update `last_seen_at`
    Expired.DEVICES: (
        tables.devices,
        sa.or_(
            _until(tables.devices.c.last_seen_at),
            sa.and_(tables.devices.c.last_seen_at.is_(None), _until(tables.devices.c.first_seen_at)),
        ),
    ),
    Expired.VERIFICATIONS: (
        tables.verifications,
        sa.and_(sa.not_(_IS_OPEN), _until(tables.verifications.c.updated_at)),
    ),
    Expired.DEAD_JOBS: (
        tables.outbox,
        sa.and_(tables.outbox.c.parked_at.is_not(None), _until(tables.outbox.c.parked_at)),
    ),
    Expired.AUDIT: (tables.audit, _until(tables.audit.c.at)),
}


_COUNT: Final = {
    kind: Query(sa.select(sa.func.count()).select_from(table).where(condition), scalar)
    for kind, (table, condition) in _EXPIRED.items()
}
_DELETE: Final = {kind: delete_batch(table, condition) for kind, (table, condition) in _EXPIRED.items()}


@attrs.frozen
class CleanupReader:
    """See `accounts_core.ports.cleanup.CleanupReader`."""

    _db: RowFetcher

    async def count(self, kind: Expired, *, until: datetime, unused_since: datetime | None = None) -> int:
        count: int = await self._db.fetch(_COUNT[kind], **_times(until, unused_since))
        return count


@attrs.frozen
class Cleanup(CleanupReader):
    """See `accounts_core.ports.cleanup.Cleanup`."""

    _db: Executor

    async def delete(self, kind: Expired, *, until: datetime, limit: int, unused_since: datetime | None = None) -> int:
        return await self._db.run(_DELETE[kind][self._db.dialect], at_most=limit, **_times(until, unused_since))


def _times(until: datetime, unused_since: datetime | None) -> dict[str, datetime]:
    return {"until": until} if unused_since is None else {"until": until, "unused_since": unused_since}
