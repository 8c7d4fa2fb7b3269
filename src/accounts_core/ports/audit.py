from collections.abc import Sequence
from typing import Protocol

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email import Email
from accounts_core.model.ids import UserId


class AuditReads(Protocol):
    """Reading the audit trail."""

    async def find(self, id: int) -> AuditEntry | None:
        """Return the entry, or None."""
        ...

    async def list(
        self, *, user_id: UserId | None = None, before: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return at most `limit` entries, newest (highest id) first: those with an id below `before`, of one user.

        There need not be an entry with the id `before`.
        """
        ...


class Audit(AuditReads, Protocol):
    """The audit trail in one transaction. There is no way to change an entry."""

    async def add(self, entry: AuditEntry) -> AuditEntry:
        """Append an entry and return it with its id. Its user need not exist, or exist any longer."""
        ...

    async def redact(self, user_id: UserId) -> None:
        """Empty the details of every entry of a user who is being deleted."""
        ...

    async def redact_invited(self, email: Email) -> None:
        """Take the address of a user who is being deleted out of the entries that are about an invitation of it.

        Those are the entries whose `invited_key` is the address's key. Their details have no `email` afterwards.
        """
        ...
