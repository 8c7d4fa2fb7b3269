from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs

from accounts_core.model.audit import AuditEntry
from accounts_core.model.ids import UserId
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts

W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen
class ExportPersonalData(Generic[W]):
    """Give a user everything that is stored about them (GDPR, articles 15 and 20)."""

    _store: Store[W]
    _attempts: Attempts
    _owned_data: Sequence[OwnedData[W]]

    async def __call__(self, user_id: UserId) -> Mapping[str, Any]:
        """Return it as JSON can say it, by name, the host's own data included; no secret is among it.

        Read in one transaction. Raises `NotFound` and `LimitExceeded`.
        """
        await self._attempts.export(user_id)
        everything: dict[str, Any] = {}
        async with self._store.begin() as work:
            await work.users.get(user_id)
            for owned in reversed(self._owned_data):  # the core's own last: a host's name does not hide one of them
                everything |= await owned.export(work, user_id)
        return everything


@attrs.frozen
class ListActivity:
    """Read the audit trail."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId | None = None, *, limit: int = 50, before: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return at most `limit` entries, newest first, of one user or of all; those older than the entry `before`."""
        async with self._store.read() as views:
            return await views.audit.list(user_id=user_id, before=before, limit=limit)
