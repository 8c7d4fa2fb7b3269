from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import KeptRequest
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.kept_requests import RequestSummary
from accounts_sql.executors import Executor, RowFetcher
from accounts_sql.queries import Paged, Query, Row, by_digest, by_name, by_number, every, first
from accounts_sql.tables import kept_requests


def _request(row: Row) -> KeptRequest:
    return KeptRequest(
        scope=row[0],
        user_id=row[1],
        fingerprint=row[2],
        claim=row[3],
        created_at=row[4],
        claimed_until=row[5],
        answer=row[6],
        email_key=row[7],
    )


_THIS: Final = kept_requests.c.scope == by_digest("this")
_HELD: Final = sa.and_(_THIS, kept_requests.c.claim == by_name("held_under"))
_MINE: Final = kept_requests.c.user_id == by_number("owner")
_OF_EMAIL: Final = kept_requests.c.email_key == by_name("email_key")
_REQUESTS: Final = sa.select(
    kept_requests.c.scope,
    kept_requests.c.user_id,
    kept_requests.c.fingerprint,
    kept_requests.c.claim,
    kept_requests.c.created_at,
    kept_requests.c.claimed_until,
    kept_requests.c.answer,
    kept_requests.c.email_key,
)
_FIND: Final = Query(_REQUESTS.where(_THIS), first(_request), {"this": kept_requests.c.scope})
_OF: Final = Paged(
    sa.select(kept_requests.c.created_at, kept_requests.c.scope, kept_requests.c.user_id).where(_MINE),
    kept_requests.c.created_at,
    kept_requests.c.scope,
    lambda row: RequestSummary(*row[:2]),
    {"owner": kept_requests.c.user_id},
)
_FOR_EMAIL: Final = Query(
    _REQUESTS.where(_OF_EMAIL).order_by(kept_requests.c.created_at.desc(), kept_requests.c.scope.desc()),
    every(_request),
    {"email_key": kept_requests.c.email_key},
)
_ADD: Final = kept_requests.insert()
_ANSWER: Final = kept_requests.update().where(_HELD)
# an answer that was committed meanwhile, out of our sight, is seen by the very statement that would have removed it
_LET_GO: Final = kept_requests.delete().where(_HELD, kept_requests.c.answer.is_(None))
_REMOVE: Final = kept_requests.delete().where(_HELD)
_REMOVE_ALL: Final = kept_requests.delete().where(_MINE)
_DELETE_FOR_EMAIL: Final = kept_requests.delete().where(_OF_EMAIL)


@attrs.frozen
class KeptRequestReader:
    """See `accounts_core.ports.kept_requests.KeptRequestReader`."""

    _db: RowFetcher

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[RequestSummary]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)


@attrs.frozen
class KeptRequests(KeptRequestReader):
    """See `accounts_core.ports.kept_requests.KeptRequests`."""

    _db: Executor

    async def find(self, scope: bytes) -> KeptRequest | None:
        return await self._db.fetch(_FIND, this=scope)

    async def add(self, request: KeptRequest) -> None:
        await self._db.run(_ADD, **attrs.asdict(request))

    async def answer(self, request: KeptRequest) -> None:
        if not await self._db.run(_ANSWER, this=request.scope, held_under=request.claim, answer=request.answer):
            raise Conflict("The request is somebody else's by now.")

    async def let_go(self, request: KeptRequest) -> None:
        await self._db.run(_LET_GO, this=request.scope, held_under=request.claim)

    async def remove(self, request: KeptRequest) -> None:
        await self._db.run(_REMOVE, this=request.scope, held_under=request.claim)

    async def remove_of(self, user_id: UserId) -> None:
        await self._db.run(_REMOVE_ALL, owner=user_id)

    async def list_for_email(self, email: EmailAddress) -> Sequence[KeptRequest]:
        return await self._db.fetch(_FOR_EMAIL, email_key=email.key)

    async def delete_for_email(self, email: EmailAddress) -> None:
        await self._db.run(_DELETE_FOR_EMAIL, email_key=email.key)
