"""What one request does once, however often its unit of work starts over after a conflict.

Hashing is slow on purpose, and an attempt is one attempt: neither is repeated because somebody else was first. Ten
conflicts would otherwise make ten hashes of one request, which is what an attacker with many parallel requests wants.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs

from accounts_core.model.limit import Limit
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.ports.limits import Limits
from accounts_core.ports.password_hasher import PasswordHasher


@attrs.define
class HashOnce:
    """A `PasswordHasher` for one request.

    Each password is hashed once, and compared once with each stored hash: the result holds as long as the stored hash
    is the same.
    """

    _passwords: PasswordHasher
    _hashes: dict[Password, str] = attrs.field(factory=dict, init=False, repr=False)
    _verified: dict[tuple[str | None, Password], bool] = attrs.field(factory=dict, init=False, repr=False)

    async def hash(self, password: Password, *, requester: Requester | None = None) -> str:
        if password not in self._hashes:
            self._hashes[password] = await self._passwords.hash(password, requester=requester)
        return self._hashes[password]

    async def verify(self, hash: str | None, password: Password, *, requester: Requester | None = None) -> bool:
        if (hash, password) not in self._verified:
            self._verified[hash, password] = await self._passwords.verify(hash, password, requester=requester)
        return self._verified[hash, password]

    def needs_rehash(self, hash: str) -> bool:
        return self._passwords.needs_rehash(hash)


@attrs.define
class CountOnce:
    """`Limits` for one request: the same attempt within the same scopes is counted once. A refused one is not kept."""

    _limits: Limits
    _counted: set[tuple[str, frozenset[str]]] = attrs.field(factory=set, init=False)

    async def spend(self, name: str, scopes: Mapping[str, Limit], *, now: datetime) -> None:
        attempt = name, frozenset(scopes)
        if attempt not in self._counted:
            await self._limits.spend(name, scopes, now=now)
            self._counted.add(attempt)

    async def forget(self, name: str, scope: str) -> None:
        await self._limits.forget(name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        return await self._limits.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        return await self._limits.delete_expired(now=now, limit=limit)
