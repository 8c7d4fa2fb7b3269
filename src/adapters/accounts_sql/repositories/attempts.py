"""Attempts that count towards a rate limit. See `accounts_core.ports.rate_limiter`."""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from threading import Lock
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import RateLimitExceeded
from accounts_core.model.rate_limits import scope_digest
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.rate_limiter import RateLimit
from accounts_sql.connections.executors import Executor
from accounts_sql.statements.batches import delete_batch
from accounts_sql.statements.queries import Query, a_limit, by_moment, first_scalar, scalar
from accounts_sql.tables import attempts

SWEEP_EVERY: Final = 100
SWEEP_ROWS: Final = 1000

_scope: Final = sa.bindparam("within", type_=sa.LargeBinary())
_COUNTED: Final = sa.and_(attempts.c.name == sa.bindparam("of", type_=sa.Text()), attempts.c.scope == _scope)
_LOCK: Final = Query(sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger()))), first_scalar)
# the counted attempt that has to expire before another one is allowed
_IN_THE_WAY: Final = Query(
    sa.select(attempts.c.made_at, attempts.c.name, attempts.c.scope)
    .where(_COUNTED, attempts.c.made_at > by_moment("since"))
    .order_by(attempts.c.made_at.desc())
    .limit(1)
    .offset(a_limit("skipped")),
    first_scalar,
    {"of": attempts.c.name, "within": attempts.c.scope},
)
_REDATE: Final = attempts.update().where(_COUNTED, attempts.c.made_at > by_moment("ahead_after"))
_ADD: Final = attempts.insert()
_FORGET: Final = attempts.delete().where(_COUNTED)
_HAS_EXPIRED: Final = attempts.c.expires_at <= by_moment("now")
_COUNT_EXPIRED: Final = Query(sa.select(sa.func.count()).select_from(attempts).where(_HAS_EXPIRED), scalar)
_SWEEP: Final = delete_batch(attempts, _HAS_EXPIRED)
_COUNT_AT: Final = Query(
    sa.select(sa.func.count()).select_from(attempts).where(_COUNTED, attempts.c.made_at == by_moment("at")), scalar
)


@attrs.frozen
class JoinedAttempt:
    """An attempt in one scope, counted in a transaction of the application, which may still roll back."""

    transaction: sa.Transaction | None
    name: str
    scope: bytes
    made_at: datetime
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether the transaction goes on."""
        return self.transaction is not None and self.transaction.is_active


class Attempts:
    """Counting, for every limiter. Every `SWEEP_EVERY` attempts, expired attempts of all scopes are deleted.

    A rollback must not undo an attempt. So those that were counted in a transaction of the application are remembered,
    and once it has ended, the next attempt counts the missing ones again.
    """

    def __init__(self) -> None:
        self._spent = count()
        self._joined: list[JoinedAttempt] = []
        self._lock = Lock()

    def take_ended(self, now: datetime) -> list[JoinedAttempt]:
        """Return the attempts whose transaction has ended, to be passed to `consume`, and forget them."""
        if not self._joined:
            return []
        with self._lock:
            ended = [each for each in self._joined if not each.is_open]
            self._joined = [each for each in self._joined if each.is_open]
        return [each for each in ended if each.expires_at > now]

    def put_back(self, ended: Sequence[JoinedAttempt]) -> None:
        """Remember attempts, such as those of a transaction that was to count them and failed."""
        with self._lock:
            self._joined.extend(ended)

    async def consume(
        self,
        db: Executor,
        name: str,
        scopes: Mapping[str, RateLimit],
        now: datetime,
        *,
        ended: Sequence[JoinedAttempt] = (),
    ) -> RateLimitExceeded | None:
        """Count an attempt, or return the error to raise if a limit is reached.

        Args:
            db: The transaction in which to count.
            name: The kind of attempt.
            scopes: The limit of each scope.
            now: The current time.
            ended: Attempts of `take_ended`: those that are not stored are counted again first.

        """
        for each, made in Counter(attrs.evolve(one, transaction=None) for one in ended).items():
            stored = await db.fetch(_COUNT_AT, of=each.name, within=each.scope, at=each.made_at)
            for _ in range(made - stored):
                await db.run(_ADD, name=each.name, scope=each.scope, made_at=each.made_at, expires_at=each.expires_at)
        return await self._consume(db, name, scopes, now)

    def remember(
        self,
        transaction: sa.Transaction,
        ended: Sequence[JoinedAttempt],
        attempt: tuple[str, Mapping[str, RateLimit], datetime] | None,
    ) -> None:
        """Remember what was counted in a transaction of the application: `ended`, and the attempt if there is one."""
        found = [attrs.evolve(each, transaction=transaction) for each in ended]
        if attempt is not None:
            name, scopes, now = attempt
            for scope, limit in scopes.items():
                found.append(JoinedAttempt(transaction, name, scope_digest(scope), now, now + limit.period))
        self.put_back(found)

    async def reset(self, db: Executor, name: str, scope: str) -> None:
        """Forget the attempts in a scope."""
        digest = scope_digest(scope)
        await db.run(_FORGET, of=name, within=digest)
        with self._lock:
            self._joined = [each for each in self._joined if (each.name, each.scope) != (name, digest)]

    async def count_expired(self, db: Executor, now: datetime) -> int:
        """Return how many attempts have expired."""
        expired: int = await db.fetch(_COUNT_EXPIRED, now=now)
        return expired

    async def delete_expired(self, db: Executor, now: datetime, limit: int) -> int:
        """Delete expired attempts, and return how many."""
        return await db.run(_SWEEP[db.dialect], now=now, at_most=limit)

    async def _consume(
        self, db: Executor, name: str, scopes: Mapping[str, RateLimit], now: datetime
    ) -> RateLimitExceeded | None:
        """Count an attempt, or return the error to raise if a limit is reached."""
        digests = {scope: scope_digest(scope) for scope in scopes}
        if db.dialect == "postgresql":
            # sorted, so that two attempts with the same scopes cannot deadlock
            for key in sorted(_lock_key(name, digest) for digest in digests.values()):
                await db.fetch(_LOCK, key=key)
        waits = {scope: await self._wait(db, name, digests[scope], limit, now) for scope, limit in scopes.items()}
        full = {scope: wait for scope, wait in waits.items() if wait is not None}
        if full:
            return RateLimitExceeded(
                name, max(full.values()), full
            )  # returned, not raised, so that corrected dates are committed
        for scope, limit in scopes.items():
            await db.run(_ADD, name=name, scope=digests[scope], made_at=now, expires_at=now + limit.period)
        if next(self._spent) % SWEEP_EVERY == 0:
            await db.run(_SWEEP[db.dialect], now=now, at_most=SWEEP_ROWS)
        return None

    async def _wait(self, db: Executor, name: str, scope: bytes, limit: RateLimit, now: datetime) -> timedelta | None:
        since, skipped = now - limit.period, limit.count - 1
        blocking = await db.fetch(_IN_THE_WAY, of=name, within=scope, since=since, skipped=skipped)
        if blocking is None:
            return None
        ahead_after = now + CLOCK_SKEW
        if await db.run(
            _REDATE, of=name, within=scope, ahead_after=ahead_after, made_at=now, expires_at=now + limit.period
        ):
            blocking = await db.fetch(_IN_THE_WAY, of=name, within=scope, since=since, skipped=skipped)
        wait: timedelta = min(blocking + limit.period - now, limit.period)
        return wait


def _lock_key(name: str, scope: bytes) -> int:
    key: tuple[Any, ...] = struct.unpack("<q", sha256(name.encode() + b"\0" + scope).digest()[:8])
    return int(key[0])
