"""Cleanup: deleting what has had its time, in batches of which each is a short transaction.

Two workers at once do each other no harm: a batch leaves out what another one is deleting. A cleanup that is broken off
has deleted whole batches, and the next one goes on from there.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, NotRequired, TypedDict

import attrs

from accounts_core.errors import DeletionBlocked, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.idempotency import KEPT_FOR
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job
from accounts_core.model.policy import Policy
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.clock import Clock
from accounts_core.ports.limits import Limits
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.delete_user import EraseUser
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.provider_events import REMEMBERED_FOR
from accounts_core.use_cases.repair_times import RepairTimes
from accounts_core.use_cases.retrying import settle

BATCH: Final = 1000
"""How many rows one transaction deletes at most."""
USERS_BATCH: Final = 100
"""How many unverified accounts are read at once; each is deleted in a transaction of its own."""


@attrs.frozen(kw_only=True)
class Tidied:
    """How much was deleted, or would be, of each kind."""

    sessions: int = 0
    mail_tokens: int = 0
    sign_ups: int = 0
    requests: int = 0
    provider_events: int = 0
    invitations: int = 0
    attempts: int = 0
    notifications: int = 0
    devices: int = 0
    verifications: int = 0
    dead_jobs: int = 0
    audit: int = 0
    unverified_accounts: int = 0


_COUNTED_AS: Final[Mapping[Expired, str]] = {
    kind: "requests" if kind is Expired.KEPT_REQUESTS else kind.value for kind in Expired
}
"""The field of `Tidied` for each kind."""


@attrs.frozen
class Tidy:
    """Delete what has had its time: for a worker, once a day."""

    _store: Store[UnitOfWork]
    _limits: Limits | None
    _erase: EraseUser[Any]
    _effects: Effects
    _clock: Clock
    _policy: Policy
    _repair_times: RepairTimes

    async def __call__(self, *, on_batch: Callable[[str, int], object] | None = None) -> Tidied:
        """Delete what is past its end or older than the policy keeps it, and old unverified accounts.

        Times that lie too far ahead are repaired first, as `repair_times` does.

        Args:
            on_batch: Called after each batch with the name of a field of `Tidied` and how many were deleted. What it
                raises ends the cleanup between two batches.

        """
        await self._repair_times()
        counts = dict.fromkeys(attrs.fields_dict(Tidied), 0)
        async for name, count in self._batches(self._clock.now()):
            counts[name] += count
            if on_batch is not None:
                on_batch(name, count)
        return Tidied(**counts)

    async def _batches(self, now: datetime) -> AsyncGenerator[tuple[str, int], None]:
        """Delete batch after batch, and give the name and the number of each."""
        for kind, times in expiries(self._policy, now):
            async for count in _each(partial(self._delete_batch, kind, times)):
                yield _COUNTED_AS[kind], count
        if (limits := self._limits) is not None:
            async for count in _each(partial(limits.delete_expired, now=now, limit=BATCH)):
                yield "attempts", count
        if self._policy.unverified_accounts is not None:
            async for user_id in unverified(self._store, now - self._policy.unverified_accounts):
                if await self._delete_user(user_id, now - self._policy.unverified_accounts):
                    yield "unverified_accounts", 1

    async def _delete_batch(self, kind: Expired, times: "Times") -> int:
        async def attempt() -> int:
            async with self._store.begin() as work:
                return await work.cleanup.delete(kind, limit=BATCH, **times)

        return await settle(self._store, attempt)

    async def _delete_user(self, user_id: UserId, created_before: datetime) -> bool:
        """Delete an account that was never verified, as its user would; say whether it was deleted."""

        async def attempt() -> tuple[bool, tuple[Job, ...]]:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                # as it is under the lock: somebody may have signed in, or verified the address, since it was listed
                still = await work.users.list_unverified(
                    created_before=created_before, after=UserId(user_id - 1), limit=1
                )
                if [each.id for each in still] != [user_id]:
                    return False, ()
                return True, tuple(await self._erase.erase(work, user, by=Actor.OPERATOR))

        try:
            is_deleted, jobs = await settle(self._store, attempt)
        except (NotFound, DeletionBlocked):
            return False
        await self._effects.attempt(*jobs)
        return is_deleted


@attrs.frozen
class PreviewTidy:
    """Count what `Tidy` would delete now, without deleting it."""

    _store: Store[UnitOfWork]
    _limits: Limits | None
    _clock: Clock
    _policy: Policy

    async def __call__(self) -> Tidied:
        """Return how much there is of each kind."""
        now = self._clock.now()
        counts = dict.fromkeys(attrs.fields_dict(Tidied), 0)
        for kind, times in expiries(self._policy, now):
            async with self._store.read() as views:
                counts[_COUNTED_AS[kind]] = await views.cleanup.count(kind, **times)
        if self._limits is not None:
            counts["attempts"] = await self._limits.count_expired(now=now)
        if self._policy.unverified_accounts is not None:
            async for _ in unverified(self._store, now - self._policy.unverified_accounts):
                counts["unverified_accounts"] += 1
        return Tidied(**counts)


class Times(TypedDict):
    """Up to when rows of a kind have ended."""

    until: datetime
    unused_since: NotRequired[datetime]


def expiries(policy: Policy, now: datetime) -> list[tuple[Expired, Times]]:
    """Return each kind that ends by time, with the time up to which its rows have ended."""
    kept = policy.retention
    ages = {
        Expired.KEPT_REQUESTS: KEPT_FOR,
        Expired.PROVIDER_EVENTS: REMEMBERED_FOR,
        Expired.INVITATIONS: policy.invitations,
        Expired.NOTIFICATIONS: kept.notifications,
        Expired.DEVICES: kept.devices,
        Expired.VERIFICATIONS: kept.verifications,
        Expired.DEAD_JOBS: kept.dead_jobs,
        Expired.AUDIT: kept.audit,
    }
    return [
        (Expired.SESSIONS, Times(until=now, unused_since=now - policy.sessions.idle)),
        (Expired.MAIL_TOKENS, Times(until=now)),
        (Expired.SIGN_UPS, Times(until=now)),
        *((kind, Times(until=now - age)) for kind, age in ages.items() if age is not None),
    ]


async def unverified(store: Store[UnitOfWork], created_before: datetime) -> AsyncGenerator[UserId, None]:
    """Return the ids of accounts that were never verified and are to be deleted, page by page."""
    last: UserId | None = None
    while True:
        async with store.read() as views:
            users = await views.users.list_unverified(created_before=created_before, after=last, limit=USERS_BATCH)
        for user in users:
            last = user.id
            yield user.id
        if len(users) < USERS_BATCH:
            return


async def _each(delete: Callable[[], Awaitable[int]]) -> AsyncGenerator[int, None]:
    """Delete until a batch is not full, and give the number of each batch that was not empty."""
    while count := await delete():
        yield count
        if count < BATCH:
            return
