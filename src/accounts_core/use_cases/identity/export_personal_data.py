"""Export personal data as one document in memory (GDPR, articles 15 and 20)."""

from collections.abc import Mapping
from typing import Any, Generic

import attrs

from accounts_core.model.ids import UserId
from accounts_core.services.export import put_together
from accounts_core.use_cases.identity.stream_personal_data import StreamPersonalData, W


@attrs.frozen
class ExportPersonalData(Generic[W]):
    """Return everything that is stored about a user, as one document."""

    _stream: StreamPersonalData[W]

    async def __call__(self, user_id: UserId) -> Mapping[str, Any]:
        """Return everything that is stored about a user, without secrets.

        The whole document is held in memory; for large accounts use `stream_personal_data`, which reads the same. Long
        lists are read page by page, outside one transaction: an entry that is written meanwhile may be in the export or
        not.

        Args:
            user_id: The user.

        Returns:
            The export by section, such as `user` and `sessions`, in types that JSON has. The host application's
            `owned_data` is included.

        Raises:
            NotFound: No such user.
            RateLimitExceeded: Too many exports by this user (`export`).

        """
        document: dict[str, Any] = {}
        async for part in await self._stream(user_id):
            put_together(document, part)
        return document
