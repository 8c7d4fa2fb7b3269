from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements.queries import Numbered, Query, Row, by_name, by_number, first, scalar
from accounts_sql.tables import audit
from accounts_sql.tables.types import Document


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(id=row[0], user_id=row[1], at=row[2], by=Actor(row[3]), action=row[4], details=row[5])


_ENTRIES: Final = sa.select(audit.c.id, audit.c.user_id, audit.c.at, audit.c.by, audit.c.action, audit.c.details)
_FIND: Final = Query(_ENTRIES.where(audit.c.id == by_number("this")), first(_entry), {"this": audit.c.id})
_LIST_ALL: Final = Numbered(_ENTRIES, audit.c.id, _entry)
_LIST_OF: Final = Numbered(
    _ENTRIES.where(audit.c.user_id == by_number("owner")), audit.c.id, _entry, {"owner": audit.c.user_id}
)
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
class AuditReader:
    """See `accounts_core.ports.audit.AuditReader`."""

    _db: RowFetcher

    async def find(self, id: int) -> AuditEntry | None:
        return await self._db.fetch(_FIND, this=id)

    async def list(
        self, *, user_id: UserId | None = None, before: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        if user_id is None:
            return await _LIST_ALL.fetch(self._db, limit, before)
        return await _LIST_OF.fetch(self._db, limit, before, owner=user_id)


@attrs.frozen
class Audit(AuditReader):
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

    async def redact_invited(self, email: EmailAddress) -> None:
        await self._db.run(_REDACT_INVITED[self._db.dialect], key=email.key)
