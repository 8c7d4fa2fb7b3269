from typing import ClassVar, Literal

import attrs

from accounts_argon2.cores import usable_cores
from accounts_argon2.cost import Cost
from accounts_argon2.engine import Argon2
from accounts_argon2.lanes import MAX_WAITING, MAX_WAITING_EACH, Lanes
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash


@attrs.frozen
class Argon2Hasher:
    """Password hasher that blocks the calling thread, for about 30 ms at the default cost.

    For programs without an event loop; use `AsyncArgon2Hasher` with one. Threads may share an instance: at most
    `max_concurrent` of them hash at once and the others block, with the order and bounds of `AsyncArgon2Hasher`. A
    program with one thread never waits.
    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    cost: Cost = attrs.field(factory=Cost)
    max_concurrent: int = attrs.field(factory=usable_cores, kw_only=True, validator=attrs.validators.ge(1))
    max_waiting: int = attrs.field(default=MAX_WAITING, kw_only=True, validator=attrs.validators.ge(0))
    max_waiting_each: int = attrs.field(default=MAX_WAITING_EACH, kw_only=True, validator=attrs.validators.ge(0))
    _engine: Argon2 = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(lambda self: Argon2(self.cost, self.max_concurrent), takes_self=True),
    )
    _lanes: Lanes = attrs.field(init=False, repr=False, eq=False)

    @_lanes.default
    def _new_lanes(self) -> Lanes:
        return Lanes(self.max_concurrent, max_waiting=self.max_waiting, max_waiting_each=self.max_waiting_each)

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        with self._lanes.lane(requester):
            return self._engine.hash(password)

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        with self._lanes.lane(requester):
            return self._engine.verify(hash, password)

    def needs_rehash(self, hash: PasswordHash) -> bool:
        return self._engine.needs_rehash(hash)
