"""Enqueues jobs in the transaction that causes them, and runs them right after its commit.

A request runs the jobs that it waits for, under a lease; one that fails stays in the outbox and is any worker's once
the lease is over. Jobs that lead to a mail are left to a worker: no request waits for a mail server.
"""

from datetime import datetime, timedelta
from typing import Final, Protocol

import attrs

from accounts_core.errors import InfrastructureError
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.jobs import JobData, JobKind, SyncCustomerJob, SyncDefaultJob, UpdateCustomerJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict

LEASE: Final = timedelta(seconds=60)
"""Initial lease of a job that is dispatched by the process that enqueued it."""


class Dispatcher(Protocol):
    """Runs a job, whatever its topic. The container provides it: handlers use what enqueues jobs, and more."""

    async def perform(self, job: OutboxJob) -> datetime | None:
        """Do what the job says, without ending it.

        Returns:
            When to look at it again, or None when it is done.

        Raises:
            Exception: Whatever its handler raises.

        """
        ...


@attrs.frozen
class OutboxWriter:
    """The outbox as use cases see it: `enqueue` inside the unit of work, `dispatch_now` after its commit."""

    _store: Store[UnitOfWork]
    _dispatcher: Dispatcher
    _clock: Clock
    _secrets: Secrets

    async def enqueue(self, work: UnitOfWork, data: JobData) -> OutboxJob:
        """Enqueue a job that the caller attempts once the unit has committed: none that leads to a mail."""
        assert data.kind is not JobKind.MAIL, f"{data.topic} would make a request wait for the mail server."
        job = self.job(self.new_id("job"), data)
        await work.outbox.add(job)
        return job

    async def enqueue_for_worker(self, work: UnitOfWork, data: JobData) -> None:
        """Enqueue a job that is any worker's at once."""
        now = self._clock.now()
        job = OutboxJob(id=self.new_id("job"), topic=data.topic, payload=data.to_payload(), created_at=now, due=now)
        await work.outbox.add(job)

    def job(self, id: str, data: JobData) -> OutboxJob:
        """Make a job that is the caller's for `LEASE`; in a host's transaction it is any worker's at once."""
        now = self._clock.now()
        job = OutboxJob(id=id, topic=data.topic, payload=data.to_payload(), created_at=now, due=now)
        if not self._store.commits:
            return job
        return attrs.evolve(job, due=now + LEASE, attempts=1, lease=self.new_id("lea"))

    def new_id(self, prefix: str) -> str:
        """Return a new random id with this prefix."""
        return prefixed_id(prefix, self._secrets.random_bytes(ID_BYTES))

    async def dispatch_now(self, *jobs: OutboxJob) -> None:
        """Do each job and end it. What the world refuses now stays in the outbox; nothing is raised for it."""
        if not self._store.commits:
            return  # nothing is committed yet: only a worker can know when it is
        for job in jobs:
            try:
                await self._dispatcher.perform(job)
                async with self._store.begin() as work:
                    await work.outbox.complete(job)
            except InfrastructureError:
                continue

    async def enqueue_reading(self, work: UnitOfWork, customer_id: str, *, wait: timedelta = timedelta(0)) -> None:
        """Have a worker read the customer again after `wait`; one such job for each customer at a time."""
        now, name, data = self._clock.now(), f"job_read_{customer_id}", SyncCustomerJob(customer=customer_id)
        await work.outbox.delete(name)
        await work.outbox.add(
            OutboxJob(id=name, topic=data.topic, payload=data.to_payload(), created_at=now, due=now + wait)
        )

    async def read_lost(self, customer_id: str) -> None:
        """Have a worker read a customer that the provider does not know, so that it is forgotten here."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self.enqueue_reading(work, customer_id)

        await retry_on_conflict(self._store, attempt)

    async def enqueue_default(self, work: UnitOfWork, user_id: UserId, *, chosen: str | None = None) -> OutboxJob:
        """Enqueue the job that makes the provider's default card the user's; one for each user at a time.

        `chosen` is the card that the person chose, which replaces a default that is managed elsewhere, too.
        """
        job = self.job(default_job_id(user_id), SyncDefaultJob(user=user_id, chosen=chosen))
        await work.outbox.delete(job.id)  # what it would have done, this one does
        await work.outbox.add(job)
        return job

    async def find_choice(self, work: UnitOfWork, user_id: UserId) -> str | None:
        """Return the card that the person chose as default, if the provider has not been told yet."""
        waiting = await work.outbox.find(default_job_id(user_id))
        return None if waiting is None else SyncDefaultJob.from_payload(waiting.payload).chosen


def default_job_id(user_id: UserId) -> str:
    """Return the id of the one job that tells the provider a user's default card."""
    return f"job_default_{user_id}"


async def tell_provider(work: UnitOfWork, outbox: OutboxWriter, *, before: User, after: User) -> tuple[OutboxJob, ...]:
    """Enqueue telling the provider's customer a new name or address, where there is a customer and a change."""
    if after.customer_id is None or (after.name, after.email.address) == (before.name, before.email.address):
        return ()
    return (await outbox.enqueue(work, UpdateCustomerJob(user=after.id, customer=after.customer_id)),)
