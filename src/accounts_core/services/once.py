"""Work that one request does once, however often its unit of work is retried after a conflict.

Hashing is slow on purpose, and one attempt must count once. Ten conflicts would otherwise cost ten hashes, which an
attacker could cause with parallel requests.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs

from accounts_core.model.passwords import Password
from accounts_core.model.rate_limits import RateLimit
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.rate_limiter import RateLimiter


@attrs.define
class HashOnce:
    """A `PasswordHasher` for one request.

    Each password is hashed once, and compared once with each stored hash: the result stays true as long as the stored
    hash is the same.
    """

    _passwords: PasswordHasher
    _hashes: dict[Password, PasswordHash] = attrs.field(factory=dict, init=False, repr=False)
    _verified: dict[tuple[PasswordHash | None, Password], bool] = attrs.field(factory=dict, init=False, repr=False)

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        """Return the hash of the password, the same one on every call."""
        if password not in self._hashes:
            self._hashes[password] = await self._passwords.hash(password, requester=requester)
        return self._hashes[password]

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        """Return whether the password matches, from the first comparison with this hash."""
        if (hash, password) not in self._verified:
            self._verified[hash, password] = await self._passwords.verify(hash, password, requester=requester)
        return self._verified[hash, password]

    def needs_rehash(self, hash: PasswordHash) -> bool:
        """Return whether the hash has outdated parameters."""
        return self._passwords.needs_rehash(hash)


@attrs.define
class ConsumeOnce:
    """A `RateLimiter` for one request: the same attempt in the same scopes counts once.

    A refused one is tried again.
    """

    _limits: RateLimiter
    _counted: set[tuple[str, frozenset[str]]] = attrs.field(factory=set, init=False)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        """Count the attempt unless this request counted it before."""
        attempt = name, frozenset(scopes)
        if attempt not in self._counted:
            await self._limits.consume(name, scopes, now=now)
            self._counted.add(attempt)

    async def reset(self, name: str, scope: str) -> None:
        """Reset a counter, as the wrapped port does."""
        await self._limits.reset(name, scope)

    async def count_expired(self, *, now: datetime) -> int:
        """Count expired attempts, as the wrapped port does."""
        return await self._limits.count_expired(now=now)

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Delete expired attempts, as the wrapped port does."""
        return await self._limits.delete_expired(now=now, limit=limit)
