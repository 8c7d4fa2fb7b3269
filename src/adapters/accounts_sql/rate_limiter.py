"""Rate limits in the database, shared by all processes, and counted outside any unit of work.

An attempt is one row for each of its scopes. Counting and adding rows is atomic: SQLite has one writer at a time, and
on PostgreSQL the transaction holds an advisory lock for each scope.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any, ClassVar, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.forking import on_fork
from accounts_core.model.fair_queue import FairQueue
from accounts_core.model.rate_limits import ALL, scope_digest
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter

from .connections.executors import AsyncExecutor, Executor, SyncExecutor
from .connections.forking import protect
from .connections.renaming import rename_on
from .connections.transactions import async_transaction, transaction
from .statements.batches import delete_batch
from .statements.queries import Query, a_limit, by_moment, first_scalar, scalar
from .tables import attempts
from .tables.location import PREFIX, Location

MAX_CONCURRENT: Final = 4
"""Nearly all attempts share a global scope, which serialises them anyway."""
MAX_WAITING: Final = 128
SWEEP_EVERY: Final = 100
SWEEP_ROWS: Final = 1000
NOT_IN_A_TRANSACTION: Final = (
    "This store takes part in the application's transaction, whose rollback would undo the counted attempts. Give the"
    " accounts a rate limiter with connections of its own, such as limits=SqlRateLimiter(engine), or limits=None for no"
    " rate limits."
)

_ISOLATION: Final[Mapping[str, IsolationLevel]] = {"postgresql": "READ COMMITTED"}
"""A stricter level would read from a snapshot taken before the lock, and miss attempts committed while waiting."""

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


class _Counting:
    """Counting, for both limiters. Every `SWEEP_EVERY` attempts, expired attempts of all scopes are deleted."""

    def __init__(self) -> None:
        self._spent = count()

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


class SqlRateLimiter(_Counting):
    """Rate limiter on a synchronous engine.

    See `accounts_core.ports.rate_limiter.RateLimiter`. Raises `Unavailable` and `Conflict`.
    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    def __init__(self, engine: sa.Engine, *, schema: str | None = None, prefix: str = PREFIX) -> None:
        super().__init__()
        protect(engine)
        self._engine = engine
        self._location = Location(schema, prefix)
        rename_on(engine, self._location)

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        with transaction(self._engine, _ISOLATION.get(self._engine.dialect.name)) as connection:
            refused = await self._consume(SyncExecutor(connection, self._location), name, scopes, now)
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        with transaction(self._engine) as connection:
            await SyncExecutor(connection, self._location).run(_FORGET, of=name, within=scope_digest(scope))

    async def count_expired(self, *, now: datetime) -> int:
        with transaction(self._engine) as connection:
            count: int = await SyncExecutor(connection, self._location).fetch(_COUNT_EXPIRED, now=now)
        return count

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        with transaction(self._engine) as connection:
            db = SyncExecutor(connection, self._location)
            return await db.run(_SWEEP[db.dialect], now=now, at_most=limit)


class AsyncSqlRateLimiter(_Counting):
    """Rate limiter on an asynchronous engine, for one event loop. See `SqlRateLimiter`.

    At most `max_concurrent` attempts are counted at once and `max_waiting` wait; one more raises `Unavailable`. This
    leaves connections for reads during a flood of attempts.

    Waiting attempts are served round-robin by subject (`accounts_core.model.fair_queue`). Each scope but the global one
    is a subject, and at most `max_waiting_each` attempts wait for one, by default a quarter of `max_waiting`. A flood
    of one user's or one client's attempts delays only that user or client.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        schema: str | None = None,
        prefix: str = PREFIX,
        max_concurrent: int = MAX_CONCURRENT,
        max_waiting: int = MAX_WAITING,
        max_waiting_each: int | None = None,
    ) -> None:
        super().__init__()
        protect(engine)
        self._engine = engine
        self._location = Location(schema, prefix)
        rename_on(engine, self._location)
        self._lanes = max_concurrent
        self._max_waiting = max_waiting
        self._max_waiting_each = max(1, max_waiting // 4) if max_waiting_each is None else max_waiting_each
        self._begin()
        on_fork(self, in_child=AsyncSqlRateLimiter._begin)

    def _begin(self) -> None:
        """Reset the queue. After a fork, waiting attempts belong to the parent process."""
        self._turns = FairQueue[asyncio.Future[None]](
            lanes=self._lanes, max_waiting=self._max_waiting, max_waiting_each=self._max_waiting_each
        )

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        async with (
            self._turn(scopes),
            async_transaction(self._engine, _ISOLATION.get(self._engine.dialect.name)) as connection,
        ):
            refused = await self._consume(AsyncExecutor(connection, self._location), name, scopes, now)
        if refused is not None:
            raise refused

    async def reset(self, name: str, scope: str) -> None:
        async with async_transaction(self._engine) as connection:
            await AsyncExecutor(connection, self._location).run(_FORGET, of=name, within=scope_digest(scope))

    async def count_expired(self, *, now: datetime) -> int:
        async with async_transaction(self._engine) as connection:
            count: int = await AsyncExecutor(connection, self._location).fetch(_COUNT_EXPIRED, now=now)
        return count

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        async with async_transaction(self._engine) as connection:
            db = AsyncExecutor(connection, self._location)
            return await db.run(_SWEEP[db.dialect], now=now, at_most=limit)

    @asynccontextmanager
    async def _turn(self, scopes: Mapping[str, RateLimit]) -> AsyncIterator[None]:
        turn = asyncio.get_running_loop().create_future()
        if not self._turns.enter(turn, [scope for scope in scopes if not scope.startswith(f"{ALL}:")]):
            raise Unavailable("Too many attempts are being counted at the moment.")
        self._let_begin()
        try:
            await turn
            yield
        finally:
            self._turns.leave(turn)
            self._let_begin()

    def _let_begin(self) -> None:
        while (turn := self._turns.begin()) is not None:
            if not turn.done():  # a cancelled task leaves the queue in its own `finally`
                turn.set_result(None)


def _lock_key(name: str, scope: bytes) -> int:
    key: tuple[Any, ...] = struct.unpack("<q", sha256(name.encode() + b"\0" + scope).digest()[:8])
    return int(key[0])


_limits: type[RateLimiter] = SqlRateLimiter
_async_limits: type[RateLimiter] = AsyncSqlRateLimiter
