from collections.abc import AsyncGenerator, Sequence
from typing import Any, Generic, TypeVar

import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.export import ExportPart, export_parts

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
