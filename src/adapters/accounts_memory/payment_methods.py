from collections.abc import Callable

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.payment_methods import PaymentMethodReader, PaymentMethods

from .schema import Tables, Workspace


class MemoryPaymentMethodReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def list_for_user(self, user_id: UserId) -> Cards:
        return Cards(self._tables().payment_methods.find("user_id", user_id))


class MemoryPaymentMethods(MemoryPaymentMethodReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def save(self, user_id: UserId, cards: Cards) -> None:
        table = self._workspace().payment_methods
        for gone in table.find("user_id", user_id):
            if gone.id not in cards:
                table.drop(gone)
        for card in cards:
            stored = table.get(card.id)
            if stored is not None and stored.user_id != user_id:
                raise Conflict("Another user has this payment method.")
            if stored != card:
                table.put(card)


_reads: type[PaymentMethodReader] = MemoryPaymentMethodReader
_payment_methods: type[PaymentMethods] = MemoryPaymentMethods
