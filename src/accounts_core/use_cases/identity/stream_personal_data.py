"""Export personal data in parts (GDPR, articles 15 and 20), so that a large account need not fit into memory."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Generic, TypeVar

import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.export import ExportPart, export_parts
from accounts_core.services.rate_limit_policy import RateLimitPolicy

W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen
class StreamPersonalData(Generic[W]):
    """Return everything that is stored about a user, in parts."""

    _store: Store[W]
    _rate_limits: RateLimitPolicy
    _owned_data: Sequence[OwnedData[W]]

    async def __call__(self, user_id: UserId) -> AsyncGenerator[ExportPart, None]:
        """Return everything that is stored about a user, in parts and without secrets.

        `ExportWriter` makes one JSON object of the parts. Long lists are read page by page, each when it is asked for
        and outside one transaction: an entry that is written meanwhile may be in the export or not, and none is in it
        twice.

        Args:
            user_id: The user.

        Returns:
            An iterator over the parts in the order of the document, asynchronous from `Accounts` and plain from
            `BlockingAccounts`. The host application's `owned_data` is included. An error that the iterator raises
            leaves the export incomplete.

        Raises:
            NotFound: No such user.
            RateLimitExceeded: Too many exports by this user (`export`).

        """
        await self._rate_limits.consume_export(user_id)
        contents: dict[str, Any] = {}
        async with self._store.begin() as work:
            await work.users.get(user_id)
            for owned in reversed(self._owned_data):  # the core's last: a host's section cannot replace one
                contents |= await owned.export(work, user_id)
        return export_parts(self._store, contents)
