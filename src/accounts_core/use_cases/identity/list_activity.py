"""Read the audit trail: who did what to an account, and when."""

import attrs

from accounts_core.model.audit import AuditEntry
from accounts_core.model.ids import UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


@attrs.frozen
class ListActivity:
    """List entries of the audit trail."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId | None = None, *, limit: int = DEFAULT_PAGE, before: int | str | None = None
    ) -> Page[AuditEntry]:
        """List what happened to an account, or to all of them, the newest entry first.

        Args:
            user_id: The user whose entries to return, deleted or not; None returns those of every user.
            limit: The most entries to return; less than 1 returns none.
            before: Where to go on: `next` of the page before, or the id of one of these entries; None begins at the
                newest.

        Returns:
            A page of entries; its `next` is None on the last page.

        Raises:
            Invalid: On `before`, which is neither a cursor of this list nor the id of an entry in it.

        """
        async with self._store.reader() as reader:

            async def find(id: str) -> int | None:
                number = number_of(id)
                entry = None if number is None else await reader.audit.find(number)
                return None if entry is None or user_id not in (None, entry.user_id) else entry.id

            return await Listed(
                name="activity" if user_id is None else f"activity of {user_id}",
                kind=int,
                position=lambda entry: entry.id,
                read=lambda count, below: reader.audit.list(user_id=user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)
