from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.verification import OPEN_STATES, CardVerification
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements import rows
from accounts_sql.statements.queries import Paged, Query, by_name, by_number, every, first
from accounts_sql.tables import verifications

# literals, not parameters: the partial index over open verifications is not used otherwise
_OPEN: Final = verifications.c.state.in_([sa.literal_column(f"'{state}'") for state in sorted(OPEN_STATES)])
_MINE: Final = verifications.c.user_id == by_number("owner")
_SELECT: Final = sa.select(*rows.VERIFICATION)

_OWNER: Final = {"owner": verifications.c.user_id}
_ASKED: Final = {**_OWNER, "asked": verifications.c.requested}

_FIND: Final = Query(
    _SELECT.where(verifications.c.id == by_name("this")), first(rows.VERIFICATION.read), {"this": verifications.c.id}
)
_FIND_OPEN: Final = Query(
    _SELECT.where(_MINE, verifications.c.requested == by_name("asked"), _OPEN), first(rows.VERIFICATION.read), _ASKED
)
_NEWEST: Final = _SELECT.where(_MINE).order_by(verifications.c.created_at.desc(), verifications.c.id.desc()).limit(1)
_FIND_LATEST: Final = Query(
    _NEWEST.where(verifications.c.requested == by_name("asked")), first(rows.VERIFICATION.read), _ASKED
)
_FIND_BY_PAYMENT_METHOD: Final = Query(
    _NEWEST.where(verifications.c.payment_method == by_name("used")),
    first(rows.VERIFICATION.read),
    {**_OWNER, "used": verifications.c.payment_method},
)
_FIND_BY_IDEMPOTENCY_KEY: Final = Query(
    _SELECT.where(_MINE, verifications.c.request_key == by_name("key")),
    first(rows.VERIFICATION.read),
    {**_OWNER, "key": verifications.c.request_key},
)
_OF: Final = Paged(_SELECT.where(_MINE), verifications.c.created_at, verifications.c.id, rows.VERIFICATION.read, _OWNER)
_OLDEST_FIRST: Final = _SELECT.where(_OPEN).order_by(verifications.c.created_at, verifications.c.id)
_OPEN_OF: Final = Query(_OLDEST_FIRST.where(_MINE), every(rows.VERIFICATION.read), _OWNER)
_OPEN_OF_CUSTOMER: Final = Query(
    _OLDEST_FIRST.where(verifications.c.customer_id == by_name("customer")),
    every(rows.VERIFICATION.read),
    {"customer": verifications.c.customer_id},
)
_ADD: Final = verifications.insert()
_SAVE: Final = verifications.update().where(
    verifications.c.id == by_name("this"), verifications.c.version == by_number("seen")
)
_REMOVE: Final = verifications.delete().where(verifications.c.id == by_name("this"))
_REMOVE_ENDED: Final = verifications.delete().where(_MINE, sa.not_(_OPEN))


@attrs.frozen
class VerificationReader:
    """See `accounts_core.ports.verifications.VerificationReader`."""

    _db: RowFetcher

    async def find(self, id: str) -> CardVerification | None:
        return await self._db.fetch(_FIND, this=id)

    async def find_latest(self, user_id: UserId, requested: str) -> CardVerification | None:
        return await self._db.fetch(_FIND_LATEST, owner=user_id, asked=requested)

    async def find_by_payment_method(self, user_id: UserId, payment_method: str) -> CardVerification | None:
        return await self._db.fetch(_FIND_BY_PAYMENT_METHOD, owner=user_id, used=payment_method)

    async def find_by_idempotency_key(self, user_id: UserId, idempotency_key: str) -> CardVerification | None:
        return await self._db.fetch(_FIND_BY_IDEMPOTENCY_KEY, owner=user_id, key=idempotency_key)

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[CardVerification]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)

    async def list_open_for_customer(self, customer_id: str) -> Sequence[CardVerification]:
        return await self._db.fetch(_OPEN_OF_CUSTOMER, customer=customer_id)


@attrs.frozen
class Verifications(VerificationReader):
    """See `accounts_core.ports.verifications.Verifications`."""

    _db: Executor

    async def add(self, verification: CardVerification) -> None:
        await self._db.run(_ADD, **rows.VERIFICATION.values(verification))

    async def find_open(self, user_id: UserId, requested: str) -> CardVerification | None:
        return await self._db.fetch(_FIND_OPEN, owner=user_id, asked=requested)

    async def list_open_for_user(self, user_id: UserId) -> Sequence[CardVerification]:
        return await self._db.fetch(_OPEN_OF, owner=user_id)

    async def save(self, verification: CardVerification) -> CardVerification:
        saved = attrs.evolve(verification, version=verification.version + 1)
        touched = await self._db.run(
            _SAVE, this=verification.id, seen=verification.version, **rows.VERIFICATION.values(saved)
        )
        if not touched:
            raise Conflict("The verification was changed or deleted concurrently.")
        return saved

    async def delete(self, id: str) -> None:
        await self._db.run(_REMOVE, this=id)

    async def delete_ended_for_user(self, user_id: UserId) -> None:
        await self._db.run(_REMOVE_ENDED, owner=user_id)
