"""A shop that is not ours, with a bug to find: it asks its bank again without a key."""

from collections.abc import Mapping
from typing import ClassVar

from accounts_core.errors import ProviderError
from accounts_core.testing.simulation import Draw, Port, Process, Scheduler, Setting, Violated, watched


class Bank:
    """Takes money; asked twice with one key, it takes it once."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._keys: set[str] = set()

    async def take(self, order: str, *, key: str | None = None) -> None:
        if key is None or key not in self._keys:
            self.taken.append(order)
        if key is not None:
            self._keys.add(key)


class Shop(Setting):
    """Pays for orders; `with_keys` is how it should have been written."""

    weights: ClassVar[Mapping[str, int]] = {"pay": 3, "wait": 1}
    with_keys = False

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.bank = Bank()
        self.process: Process | None = None

    def pay(self, draw: Draw) -> None:
        if self.process is None or self.process.is_dead:
            self.process = self.scheduler.process("shop")
        order = f"order {draw.below(1000)}"
        self.process.spawn(draw.task, self._pay(watched(self.process, self.bank, Port.GATEWAY, "bank"), order))

    def wait(self, draw: Draw) -> None:
        self.scheduler.note("", draw.task, "nothing")

    async def _pay(self, bank: Bank, order: str) -> None:
        for _ in range(3):
            try:
                await bank.take(order, key=order if self.with_keys else None)
            except ProviderError:
                continue
            return

    def check(self) -> None:
        twice = {order for order in self.bank.taken if self.bank.taken.count(order) > 1}
        if twice:
            raise Violated(f"An order is paid for once: {sorted(twice)}")

    def tally(self) -> Mapping[str, int]:
        return {"paid": len(self.bank.taken)}


class CarefulShop(Shop):
    with_keys = True
