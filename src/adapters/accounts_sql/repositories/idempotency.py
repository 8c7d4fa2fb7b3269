from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.idempotency import IdempotencyRecordSummary
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements.mapping import RowMapping
from accounts_sql.statements.queries import Paged, Query, by_digest, by_name, by_number, every, first
from accounts_sql.tables import idempotency_records

_RECORD: Final = RowMapping(IdempotencyRecord, idempotency_records)
_THIS: Final = idempotency_records.c.scope == by_digest("this")
_HELD: Final = sa.and_(_THIS, idempotency_records.c.claim == by_name("held_under"))
_MINE: Final = idempotency_records.c.user_id == by_number("owner")
_OF_EMAIL: Final = idempotency_records.c.email_key == by_name("email_key")
_REQUESTS: Final = sa.select(*_RECORD)
_FIND: Final = Query(_REQUESTS.where(_THIS), first(_RECORD.read), {"this": idempotency_records.c.scope})
_OF: Final = Paged(
    sa.select(idempotency_records.c.created_at, idempotency_records.c.scope, idempotency_records.c.user_id).where(
        _MINE
    ),
    idempotency_records.c.created_at,
    idempotency_records.c.scope,
    lambda row: IdempotencyRecordSummary(*row[:2]),
    {"owner": idempotency_records.c.user_id},
)
_FOR_EMAIL: Final = Query(
    _REQUESTS.where(_OF_EMAIL).order_by(idempotency_records.c.created_at.desc(), idempotency_records.c.scope.desc()),
    every(_RECORD.read),
    {"email_key": idempotency_records.c.email_key},
)
_ADD: Final = idempotency_records.insert()
_ANSWER: Final = idempotency_records.update().where(_HELD)
# the condition is in the DELETE itself, so that it sees an answer committed since the last read
_LET_GO: Final = idempotency_records.delete().where(_HELD, idempotency_records.c.answer.is_(None))
_REMOVE: Final = idempotency_records.delete().where(_HELD)
_REMOVE_ALL: Final = idempotency_records.delete().where(_MINE)
_DELETE_FOR_EMAIL: Final = idempotency_records.delete().where(_OF_EMAIL)


@attrs.frozen
class IdempotencyReader:
    """See `accounts_core.ports.idempotency.IdempotencyReader`."""

    _db: RowFetcher

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[IdempotencyRecordSummary]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)


@attrs.frozen
class IdempotencyStore(IdempotencyReader):
    """See `accounts_core.ports.idempotency.IdempotencyStore`."""

    _db: Executor

    async def find(self, scope: bytes) -> IdempotencyRecord | None:
        return await self._db.fetch(_FIND, this=scope)

    async def add(self, request: IdempotencyRecord) -> None:
        await self._db.run(_ADD, **_RECORD.values(request))

    async def answer(self, request: IdempotencyRecord) -> None:
        if not await self._db.run(_ANSWER, this=request.scope, held_under=request.claim, answer=request.answer):
            raise Conflict("Another request holds this idempotency key now.")

    async def release(self, request: IdempotencyRecord) -> None:
        await self._db.run(_LET_GO, this=request.scope, held_under=request.claim)

    async def delete(self, request: IdempotencyRecord) -> None:
        await self._db.run(_REMOVE, this=request.scope, held_under=request.claim)

    async def delete_for_user(self, user_id: UserId) -> None:
        await self._db.run(_REMOVE_ALL, owner=user_id)

    async def list_for_email(self, email: EmailAddress) -> Sequence[IdempotencyRecord]:
        return await self._db.fetch(_FOR_EMAIL, email_key=email.key)

    async def delete_for_email(self, email: EmailAddress) -> None:
        await self._db.run(_DELETE_FOR_EMAIL, email_key=email.key)
