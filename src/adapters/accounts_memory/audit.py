from collections.abc import Callable, Iterator, Sequence

import attrs

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.ports.audit import Audit, AuditReader

from .pages import page_below_number
from .schema import Tables, Workspace


class MemoryAuditReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def find(self, id: int) -> AuditEntry | None:
        return self._tables().audit.get(id)

    async def list(
        self, *, user_id: UserId | None = None, before: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        trail = self._tables().audit
        found = trail.all() if user_id is None else trail.find("user_id", user_id)
        return page_below_number(found, number=lambda entry: entry.id, limit=limit, before=before)


class MemoryAudit(MemoryAuditReader):
    def __init__(self, workspace: Callable[[], Workspace], ids: Iterator[int]) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._ids = ids

    async def add(self, entry: AuditEntry) -> AuditEntry:
        numbered = attrs.evolve(entry, id=next(self._ids))
        self._workspace().audit.add(numbered)
        return numbered

    async def redact(self, user_id: UserId) -> None:
        trail = self._workspace().audit
        for entry in trail.find("user_id", user_id):
            trail.put(attrs.evolve(entry, details={}))

    async def redact_invited(self, email: EmailAddress) -> None:
        trail = self._workspace().audit
        for entry in trail.find("invited_key", email.key):
            left = {name: value for name, value in entry.details.items() if name != "email"}
            trail.put(attrs.evolve(entry, details=left))


_reads: type[AuditReader] = MemoryAuditReader
_audit: type[Audit] = MemoryAudit
