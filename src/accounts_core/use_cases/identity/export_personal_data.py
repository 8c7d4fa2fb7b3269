from collections.abc import Mapping
from typing import Any, Generic

import attrs

from accounts_core.model.ids import UserId
from accounts_core.services.export import put_together
from accounts_core.use_cases.identity.stream_personal_data import StreamPersonalData, W


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
