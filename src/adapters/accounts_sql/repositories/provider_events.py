from datetime import datetime
from typing import Final

import attrs

from accounts_sql.executors import Executor
from accounts_sql.queries import by_moment
from accounts_sql.repositories.adding import unless_there
from accounts_sql.tables import provider_events

_ADD: Final = unless_there(provider_events, "id")
_FORGET: Final = provider_events.delete().where(provider_events.c.received_at < by_moment("before"))


@attrs.frozen
class ProviderEvents:
    """See `accounts_core.ports.provider_events.ProviderEvents`."""

    _db: Executor

    async def add(self, id: str, *, at: datetime) -> bool:
        return bool(await self._db.run(_ADD[self._db.dialect], id=id, received_at=at))

    async def forget_before(self, at: datetime) -> int:
        return await self._db.run(_FORGET, before=at)
