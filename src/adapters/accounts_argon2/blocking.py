from typing import ClassVar, Literal

import attrs

from accounts_argon2.cores import usable_cores
from accounts_argon2.cost import Cost
from accounts_argon2.engine import Argon2
from accounts_core.model.passwords import Password


@attrs.frozen
class Argon2Hasher:
    """Hashes where it is called, and holds the caller up for it: about 30 ms at the default cost.

    For programs without an event loop. In one with a loop, take `AsyncArgon2Hasher`.
    """

    suspends: ClassVar[Literal[False]] = False

    cost: Cost = attrs.field(factory=Cost)
    _engine: Argon2 = attrs.field(
        init=False, repr=False, default=attrs.Factory(lambda self: Argon2(self.cost, usable_cores()), takes_self=True)
    )

    async def hash(self, password: Password) -> str:
        return self._engine.hash(password)

    async def verify(self, hash: str | None, password: Password) -> bool:
        return self._engine.verify(hash, password)

    def needs_rehash(self, hash: str) -> bool:
        return self._engine.needs_rehash(hash)
