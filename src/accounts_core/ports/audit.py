"""Port: the audit trail.

Called by `services.publish`, and for lists, exports and deletion. Entries are appended in the transaction of their
event and are changed only when a deleted user is redacted.
"""

from collections.abc import Sequence
from typing import Protocol

from accounts_core.model.audit import AuditEntry
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId


class AuditReader(Protocol):
    """Reads of the audit trail."""

    async def find(self, id: int) -> AuditEntry | None:
        """Return the entry with this id, or None."""
        ...

    async def list(
        self, *, user_id: UserId | None = None, before: int | None = None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return entries, the newest (highest id) first.

        Args:
            user_id: Only the entries of this user; None for all users.
            before: Only entries with a lower id. There need not be an entry with this id.
            limit: The most entries to return.

        Returns:
            The entries; empty if there are none.

        """
        ...


class Audit(AuditReader, Protocol):
    """The audit trail in one transaction. Entries can be appended and redacted only."""

    async def add(self, entry: AuditEntry) -> AuditEntry:
        """Append an entry. Its user need not exist.

        Returns:
            The entry with its id.

        Raises:
            Invalid: A text in it cannot be stored.

        """
        ...

    async def redact(self, user_id: UserId) -> None:
        """Empty the details of every entry of a user who is being deleted."""
        ...

    async def redact_invited(self, email: EmailAddress) -> None:
        """Remove the address of a user who is being deleted from entries about invitations to it.

        Postcondition: entries whose `invited_key` is the address's key have no `email` in their details.
        """
        ...
