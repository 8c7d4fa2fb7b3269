from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs

from accounts_core.model.audit import AuditEntry
from accounts_core.model.ids import UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.export import ExportPart, export_parts, put_together
from accounts_core.use_cases.paging import Listed

W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen
class StreamPersonalData(Generic[W]):
    """Give a user everything that is stored about them (GDPR, articles 15 and 20), in parts."""

    _store: Store[W]
    _attempts: Attempts
    _owned_data: Sequence[OwnedData[W]]

    async def __call__(self, user_id: UserId) -> AsyncGenerator[ExportPart, None]:
        """Return the parts of the export in order, the host's own data included; no secret is among them.

        `ExportWriter` makes one JSON object of them. Long lists come page by page, each page read when it is asked for,
        by itself: what is written meanwhile may be in the export or not, and nothing is in it twice. Raises `NotFound`
        and `LimitExceeded` at once; what raises later, from the iterator, leaves the export incomplete.
        """
        await self._attempts.export(user_id)
        contents: dict[str, Any] = {}
        async with self._store.begin() as work:
            await work.users.get(user_id)
            for owned in reversed(self._owned_data):  # the core's own last: a host's name does not hide one of them
                contents |= await owned.export(work, user_id)
        return export_parts(self._store, contents)


@attrs.frozen
class ExportPersonalData(Generic[W]):
    """Give a user everything that is stored about them, at once."""

    _stream: StreamPersonalData[W]

    async def __call__(self, user_id: UserId) -> Mapping[str, Any]:
        """Return it as JSON can say it, by name, as `StreamPersonalData` reads it: all of it is in memory.

        Raises `NotFound` and `LimitExceeded`.
        """
        document: dict[str, Any] = {}
        async for part in await self._stream(user_id):
            put_together(document, part)
        return document


@attrs.frozen
class ListActivity:
    """Read the audit trail."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId | None = None, *, limit: int = DEFAULT_PAGE, before: int | str | None = None
    ) -> Page[AuditEntry]:
        """Return at most `limit` entries, newest first, of one user or of all, from the position or the id `before` on.

        Raises `Invalid` on `before`.
        """
        async with self._store.read() as views:

            async def find(id: str) -> int | None:
                number = number_of(id)
                entry = None if number is None else await views.audit.find(number)
                return None if entry is None or user_id not in (None, entry.user_id) else entry.id

            return await Listed(
                name="activity" if user_id is None else f"activity of {user_id}",
                kind=int,
                position=lambda entry: entry.id,
                read=lambda count, below: views.audit.list(user_id=user_id, limit=count, before=below),
                find=find,
            ).page(limit=limit, before=before)
