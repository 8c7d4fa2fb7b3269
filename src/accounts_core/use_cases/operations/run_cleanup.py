"""Delete expired rows in batches, each in a short transaction.

Two workers may run it at once: a batch leaves out the rows that another one is deleting. A run that is interrupted has
deleted whole batches, and the next run continues from there.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs

from accounts_core.errors import DeletionBlocked, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.erasure import EraseUser
from accounts_core.services.expiry import COUNTED_AS, CleanupResult, Times, expiries, unverified
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import retry_on_conflict
from accounts_core.use_cases.operations.repair_times import RepairTimes

BATCH: Final = 1000
"""The most rows that one transaction deletes."""


@attrs.frozen
class RunCleanup:
    """Delete expired rows and old unverified accounts."""

    _store: Store[UnitOfWork]
    _limits: RateLimiter | None
    _erase: EraseUser[Any]
    _outbox: OutboxWriter
    _clock: Clock
    _policy: Policy
    _repair_times: RepairTimes

    async def __call__(self, *, on_batch: Callable[[str, int], object] | None = None) -> CleanupResult:
        """Delete expired rows, and accounts that stayed unverified for too long; workers call it once a day.

        Times that lie too far in the future are repaired first, as `repair_times` does. `Policy.retention` and
        `Policy.unverified_accounts` say what expires when. Accounts whose deletion the application's own data blocks
        are kept.

        Args:
            on_batch: Called after each batch with the name of a field of `CleanupResult` and the number of rows
                deleted. An exception that it raises ends the run and is raised to the caller. None for no report.

        Returns:
            The number of rows deleted, by kind.

        Raises:
            Conflict: Concurrent changes were first at every attempt. Batches deleted until then are gone.
            Unavailable: The database is away. Batches deleted until then are gone.

        """
        await self._repair_times()
        counts = dict.fromkeys(attrs.fields_dict(CleanupResult), 0)
        async for name, count in self._batches(self._clock.now()):
            counts[name] += count
            if on_batch is not None:
                on_batch(name, count)
        return CleanupResult(**counts)

    async def _batches(self, now: datetime) -> AsyncGenerator[tuple[str, int], None]:
        """Delete batch after batch, and yield the kind and the number of rows of each."""
        for kind, times in expiries(self._policy, now):
            async for count in _each(partial(self._delete_batch, kind, times)):
                yield COUNTED_AS[kind], count
        if (limits := self._limits) is not None:
            async for count in _each(partial(limits.delete_expired, now=now, limit=BATCH)):
                yield "attempts", count
        if self._policy.unverified_accounts is not None:
            async for user_id in unverified(self._store, now - self._policy.unverified_accounts):
                if await self._delete_user(user_id, now - self._policy.unverified_accounts):
                    yield "unverified_accounts", 1

    async def _delete_batch(self, kind: Expired, times: Times) -> int:
        async def attempt() -> int:
            async with self._store.begin() as work:
                return await work.cleanup.delete(kind, limit=BATCH, **times)

        return await retry_on_conflict(self._store, attempt)

    async def _delete_user(self, user_id: UserId, created_before: datetime) -> bool:
        """Delete an account that was never verified, and return whether it was deleted."""

        async def attempt() -> tuple[bool, tuple[OutboxJob, ...]]:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                # read again under the lock: the user may have signed in or verified the address since
                still = await work.users.list_unverified(
                    created_before=created_before, after=UserId(user_id - 1), limit=1
                )
                if [each.id for each in still] != [user_id]:
                    return False, ()
                return True, tuple(await self._erase.erase(work, user, by=Actor.OPERATOR))

        try:
            is_deleted, jobs = await retry_on_conflict(self._store, attempt)
        except (NotFound, DeletionBlocked):
            return False
        await self._outbox.dispatch_now(*jobs)
        return is_deleted


async def _each(delete: Callable[[], Awaitable[int]]) -> AsyncGenerator[int, None]:
    """Delete until a batch is not full, and yield the number of rows of each batch that was not empty."""
    while count := await delete():
        yield count
        if count < BATCH:
            return
