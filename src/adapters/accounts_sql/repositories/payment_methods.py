from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements.card_rows import CARD
from accounts_sql.statements.queries import Query, Rows, by_name, by_number
from accounts_sql.tables import payment_methods


def _cards(found: Rows) -> Cards:
    return Cards([CARD.read(row) for row in found])


_MINE: Final = payment_methods.c.user_id == by_number("owner")
_OF: Final = Query(sa.select(*CARD).where(_MINE), _cards, {"owner": payment_methods.c.user_id})
_ADD: Final = payment_methods.insert()
_CHANGE: Final = payment_methods.update().where(_MINE, payment_methods.c.id == by_name("this"))
_REMOVE: Final = payment_methods.delete().where(_MINE, payment_methods.c.id == by_name("this"))
_NO_DEFAULT: Final = payment_methods.update().where(_MINE, payment_methods.c.is_default).values(is_default=False)


@attrs.frozen
class PaymentMethodReader:
    """See `accounts_core.ports.payment_methods.PaymentMethodReader`."""

    _db: RowFetcher

    async def list_for_user(self, user_id: UserId) -> Cards:
        return await self._db.fetch(_OF, owner=user_id)


@attrs.frozen
class PaymentMethods(PaymentMethodReader):
    """See `accounts_core.ports.payment_methods.PaymentMethods`."""

    _db: Executor

    async def save(self, user_id: UserId, cards: Cards) -> None:
        before = await self.list_for_user(user_id)
        for card in before:
            if card.id not in cards:
                await self._db.run(_REMOVE, owner=user_id, this=card.id)
        # the unique index allows one default: unset the old one first
        if before.default is not None and before.default != cards.default:
            await self._db.run(_NO_DEFAULT, owner=user_id)
        for card in cards:
            values = CARD.values(card) | {"user_id": user_id}
            if card.id not in before:
                await self._db.run(_ADD, **values)
            elif card != before.get(card.id) or card.is_default:
                await self._db.run(_CHANGE, owner=user_id, this=card.id, **values)
