"""Effects outside the database: written to the outbox with what causes them, and tried once right after the commit.

What is tried and fails stays in the outbox under a lease that runs out, and is then anybody's: a worker finds it. Every
effect can be done twice.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs

from accounts_core.errors import NotFound, WorldError
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.outbox import Job, Topic
from accounts_core.ports.clock import Clock
from accounts_core.ports.notifier import Notice, Notifier, Purpose
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork

LEASE: Final = timedelta(seconds=60)
"""How long whoever wrote a job down keeps it to themself."""


@attrs.frozen
class Effects:
    """The outbox as use cases see it: `put` inside the unit of work, `attempt` after it."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _notifier: Notifier
    _clock: Clock
    _secrets: Secrets

    async def put(self, work: UnitOfWork, topic: Topic, **payload: str) -> Job:
        """Write an effect down, to be attempted by the caller once the unit has committed."""
        job = self.job(self.new_id("job"), topic, payload)
        await work.outbox.put(job)
        return job

    def job(self, id: str, topic: Topic, payload: Mapping[str, str]) -> Job:
        """Make a job that is the caller's for `LEASE`; in a host's transaction it is any worker's at once."""
        now = self._clock.now()
        if not self._store.commits:
            return Job(id=id, topic=topic, payload=payload, created_at=now, due=now)
        lease = self.new_id("lea")
        return Job(id=id, topic=topic, payload=payload, created_at=now, due=now + LEASE, attempts=1, lease=lease)

    def new_id(self, prefix: str) -> str:
        return prefixed_id(prefix, self._secrets.random_bytes(ID_BYTES))

    async def attempt(self, *jobs: Job) -> None:
        """Do each job and end it. What the world refuses now stays in the outbox; nothing is raised for it."""
        if not self._store.commits:
            return  # nothing is committed yet: only a worker can know when it is
        for job in jobs:
            try:
                await self.perform(job)
                async with self._store.begin() as work:
                    await work.outbox.done(job)
            except WorldError:
                continue

    async def perform(self, job: Job) -> None:
        """Do what a job says, without ending it. Raises what the provider or the notifier raises."""
        match job.topic:
            case Topic.DETACH_CARD:
                await self._payments.detach(job.payload["payment_method"])
            case Topic.SYNC_DEFAULT:
                await self._sync_default(UserId(int(job.payload["user"])))
            case Topic.DELETE_CUSTOMER:
                await self._payments.delete_customer(job.payload["customer"])
            case Topic.INVITATION_MAIL:
                await self._mail_invitation(job)
            case _:
                raise NotFound("effect", job.topic)

    async def _sync_default(self, user_id: UserId) -> None:
        """Read what the default is now rather than carry it along: two of these in any order end the same."""
        async with self._store.read() as views:
            user = await views.users.find(user_id)
            cards = await views.payment_methods.of(user_id)
        if user is None or user.customer_id is None:
            return
        try:
            await self._payments.set_default(user.customer_id, cards.default.id if cards.default else None)
        except NotFound:
            return  # the customer or the card is gone at the provider: nothing is left to be set

    async def _mail_invitation(self, job: Job) -> None:
        async with self._store.read() as views:
            view = await views.teams.find_invitation(job.payload["invitation"])
        if view is None:
            return  # accepted, declined or withdrawn meanwhile
        values = {"team": view.team_name}
        if view.invited_by is not None:
            values["invited_by"] = view.invited_by.name
        await self._notifier.deliver(
            Notice(id=job.id, to=view.invitation.email, purpose=Purpose.INVITATION, values=values)
        )
