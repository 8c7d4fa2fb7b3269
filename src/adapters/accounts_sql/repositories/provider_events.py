from datetime import datetime
from typing import Final

import attrs

from accounts_sql.connections.executors import Executor
from accounts_sql.repositories.adding import insert_or_ignore
from accounts_sql.tables import provider_events

_ADD: Final = insert_or_ignore(provider_events, "id")


@attrs.frozen
class ProviderEvents:
    """See `accounts_core.ports.provider_events.ProviderEvents`."""

    _db: Executor

    async def add(self, id: str, *, at: datetime) -> bool:
        return bool(await self._db.run(_ADD[self._db.dialect], id=id, received_at=at))
