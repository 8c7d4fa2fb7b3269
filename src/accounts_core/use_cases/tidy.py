from datetime import datetime
from typing import Any, Final

import attrs

from accounts_core.errors import DeletionBlocked, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.idempotency import KEPT_FOR
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.delete_user import EraseUser
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.provider_events import REMEMBERED_FOR
from accounts_core.use_cases.repair_times import RepairTimes
from accounts_core.use_cases.retrying import settle

BATCH: Final = 100
"""How many unverified accounts are read at once, and how many invitations are deleted."""


@attrs.frozen(kw_only=True)
class Tidied:
    """How much was deleted, of each kind."""

    sessions: int
    mail_tokens: int
    sign_ups: int
    requests: int
    provider_events: int
    unverified_accounts: int
    invitations: int


@attrs.frozen
class Tidy:
    """Forget what has had its time: for a worker, once a day."""

    _store: Store[UnitOfWork]
    _erase: EraseUser[Any]
    _effects: Effects
    _clock: Clock
    _policy: Policy
    _repair_times: RepairTimes

    async def __call__(self) -> Tidied:
        """Delete expired sessions, mailed tokens, sign-ups, answers, events, invitations, and old unverified accounts.

        Times that lie too far ahead are repaired first, as `repair_times` does.
        """
        await self._repair_times()
        now = self._clock.now()
        async with self._store.begin() as work:
            tidied = Tidied(
                sessions=await work.sessions.forget_over(now=now, idle=self._policy.sessions.idle),
                mail_tokens=await work.mail_tokens.forget_expired(now=now),
                sign_ups=await work.sign_ups.delete_expired(now=now),
                requests=await work.kept_requests.forget_before(now - KEPT_FOR),
                provider_events=await work.provider_events.forget_before(now - REMEMBERED_FOR),
                unverified_accounts=0,
                invitations=0,
            )
        tidied = attrs.evolve(tidied, invitations=await self._delete_invitations(now))
        if self._policy.unverified_accounts is None:
            return tidied
        count = await self._delete_unverified(now - self._policy.unverified_accounts)
        return attrs.evolve(tidied, unverified_accounts=count)

    async def _delete_invitations(self, now: datetime) -> int:
        """Delete expired invitations, so many in a transaction, and return how many there were."""
        count, sent_before = 0, self._policy.invitations_open_since(now)
        while True:
            async with self._store.begin() as work:
                deleted = await work.teams.delete_expired_invitations(sent_before=sent_before, limit=BATCH)
            count += deleted
            if deleted < BATCH:
                return count

    async def _delete_unverified(self, created_before: datetime) -> int:
        """Delete each account that was never verified, as its user would; return how many there were."""
        count, last = 0, None
        while True:
            async with self._store.read() as views:
                users = await views.users.list_unverified(created_before=created_before, after=last, limit=BATCH)
            for user in users:
                last = user.id
                count += await self._delete(user.id, created_before)
            if len(users) < BATCH:
                return count

    async def _delete(self, user_id: UserId, created_before: datetime) -> bool:
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
