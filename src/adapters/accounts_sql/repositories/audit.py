from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email import Email
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_sql.executors import Executor, Reader
from accounts_sql.queries import NO_LIMIT, Query, Row, a_limit, by_name, by_number, every, scalar
from accounts_sql.tables import audit
from accounts_sql.types import Document


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(id=row[0], user_id=row[1], at=row[2], by=Actor(row[3]), action=row[4], details=row[5])


_LIST: Final = (
    sa.select(audit.c.id, audit.c.user_id, audit.c.at, audit.c.by, audit.c.action, audit.c.details)
    .where(audit.c.id < by_number("before"))
    .order_by(audit.c.id.desc())
    .limit(a_limit())
)
_LIST_ALL: Final = Query(_LIST, every(_entry))
_LIST_OF: Final = Query(_LIST.where(audit.c.user_id == by_number("owner")), every(_entry), {"owner": audit.c.user_id})
_ADD: Final = Query(audit.insert().returning(audit.c.id), scalar)
_WITHOUT_EMAIL: Final = {
    "postgresql": sa.literal_column("details - 'email'", Document()),
    "sqlite": sa.literal_column("json_remove(details, '$.email')", Document()),
}
_REDACT_INVITED: Final = {
    dialect: audit.update().where(audit.c.invited_key == by_name("key")).values(details=details, invited_key=sa.null())
    for dialect, details in _WITHOUT_EMAIL.items()
}
_REDACT: Final = audit.update().where(audit.c.user_id == by_number("owner")).values(details={}, invited_key=sa.null())


@attrs.frozen
class AuditReads:
    """See `accounts_core.ports.audit.AuditReads`."""

    _db: Reader

    async def list(
        self, *, user_id: UserId | None = None, before: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        # every id is below a number that is too great to be one; one that is too small is below every id
        below = NO_LIMIT if before is None else min(before, NO_LIMIT)
        if user_id is None:
            return await self._db.fetch(_LIST_ALL, before=below, at_most=limit)
        return await self._db.fetch(_LIST_OF, owner=user_id, before=below, at_most=limit)


@attrs.frozen
class Audit(AuditReads):
    """See `accounts_core.ports.audit.Audit`."""

    _db: Executor

    async def add(self, entry: AuditEntry) -> AuditEntry:
        number = await self._db.fetch(
            _ADD,
            user_id=entry.user_id,
            at=entry.at,
            by=entry.by.value,
            action=entry.action,
            details=dict(entry.details),
            invited_key=entry.invited_key,
        )
        return attrs.evolve(entry, id=number)

    async def redact(self, user_id: UserId) -> None:
        await self._db.run(_REDACT, owner=user_id)

    async def redact_invited(self, email: Email) -> None:
        await self._db.run(_REDACT_INVITED[self._db.dialect], key=email.key)
