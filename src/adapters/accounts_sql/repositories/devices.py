from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.devices import KnownDevice
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.repositories.adding import insert_or_ignore
from accounts_sql.statements.queries import Paged, Query, asked, by_digest, by_number, scalar
from accounts_sql.tables import devices

_MINE: Final = devices.c.user_id == by_number("owner")
_ADD: Final = insert_or_ignore(devices, "user_id", "digest")
_OWNER: Final = asked(by_number("owner"))
_COUNT: Final = Query(sa.select(sa.func.count(), _OWNER).select_from(devices).where(_MINE), scalar, {"owner": _OWNER})
_OF: Final = Paged(
    sa.select(devices.c.first_seen_at, devices.c.digest, devices.c.user_id).where(_MINE),
    devices.c.first_seen_at,
    devices.c.digest,
    lambda row: KnownDevice(*row[:2]),
    {"owner": devices.c.user_id},
)
_SEEN: Final = devices.update().where(_MINE, devices.c.digest == by_digest("this"))
_REMOVE: Final = devices.delete().where(_MINE)


@attrs.frozen
class DeviceReader:
    """See `accounts_core.ports.devices.DeviceReader`."""

    _db: RowFetcher

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[KnownDevice]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)


@attrs.frozen
class Devices(DeviceReader):
    """See `accounts_core.ports.devices.Devices`."""

    _db: Executor

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        if await self._db.run(
            _ADD[self._db.dialect], user_id=user_id, digest=digest, first_seen_at=at, last_seen_at=at
        ):
            return True
        await self._db.run(_SEEN, owner=user_id, this=digest, last_seen_at=at)
        return False

    async def count_for_user(self, user_id: UserId) -> int:
        return await self._db.fetch(_COUNT, owner=user_id)

    async def delete_for_user(self, user_id: UserId) -> None:
        await self._db.run(_REMOVE, owner=user_id)
