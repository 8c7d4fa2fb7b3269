"""Enqueue jobs in the transaction that causes them, and run them right after its commit.

A request runs the jobs that it waits for, under a lease; a job that fails stays in the outbox, and any worker can claim
it once the lease has expired. Jobs that send a mail are left to a worker, so that no request waits for a mail server.
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
    """Runs a job of any topic. Provided by the container, because handlers themselves use `OutboxWriter`."""

    async def perform(self, job: OutboxJob) -> datetime | None:
        """Perform a job without completing it in the outbox.

        Returns:
            When to perform it again, or None when it is done.

        Raises:
            Exception: Any error that the handler raises.

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
        """Enqueue a job that the caller dispatches once the unit has committed; jobs that send a mail are refused."""
        assert data.kind is not JobKind.MAIL, f"{data.topic} would make a request wait for the mail server."
        job = self.job(self.new_id("job"), data)
        await work.outbox.add(job)
        return job

    async def enqueue_for_worker(self, work: UnitOfWork, data: JobData) -> None:
        """Enqueue a job that any worker can claim at once."""
        now = self._clock.now()
        job = OutboxJob(id=self.new_id("job"), topic=data.topic, payload=data.to_payload(), created_at=now, due=now)
        await work.outbox.add(job)

    def job(self, id: str, data: JobData) -> OutboxJob:
        """Return a new job leased to the caller for `LEASE`, or unleased in the host application's transaction."""
        now = self._clock.now()
        job = OutboxJob(id=id, topic=data.topic, payload=data.to_payload(), created_at=now, due=now)
        if not self._store.commits:
            return job
        return attrs.evolve(job, due=now + LEASE, attempts=1, lease=self.new_id("lea"))

    def new_id(self, prefix: str) -> str:
        """Return a new random id with this prefix."""
        return prefixed_id(prefix, self._secrets.random_bytes(ID_BYTES))

    async def dispatch_now(self, *jobs: OutboxJob) -> None:
        """Perform and complete each job. A job that raises `InfrastructureError` stays in the outbox."""
        if not self._store.commits:
            return  # the host application has not committed yet
        for job in jobs:
            try:
                await self._dispatcher.perform(job)
                async with self._store.begin() as work:
                    await work.outbox.complete(job)
            except InfrastructureError:
                continue

    async def enqueue_reading(self, work: UnitOfWork, customer_id: str, *, wait: timedelta = timedelta(0)) -> None:
        """Enqueue a job that reads the customer again after `wait`, in place of an earlier one for this customer."""
        now, name, data = self._clock.now(), f"job_read_{customer_id}", SyncCustomerJob(customer=customer_id)
        await work.outbox.delete(name)
        await work.outbox.add(
            OutboxJob(id=name, topic=data.topic, payload=data.to_payload(), created_at=now, due=now + wait)
        )

    async def read_lost(self, customer_id: str) -> None:
        """Enqueue a job that reads a customer missing at the provider, so that it is unlinked from its user."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self.enqueue_reading(work, customer_id)

        await retry_on_conflict(self._store, attempt)

    async def enqueue_default(self, work: UnitOfWork, user_id: UserId, *, chosen: str | None = None) -> OutboxJob:
        """Enqueue the job that sends the user's default card to the provider, in place of an earlier one.

        `chosen` is the card that the user chose; it replaces a default that is managed elsewhere, too.
        """
        job = self.job(default_job_id(user_id), SyncDefaultJob(user=user_id, chosen=chosen))
        await work.outbox.delete(job.id)  # replaced by the new job
        await work.outbox.add(job)
        return job

    async def find_choice(self, work: UnitOfWork, user_id: UserId) -> str | None:
        """Return the card that the user chose as default, None if it was sent to the provider."""
        waiting = await work.outbox.find(default_job_id(user_id))
        return None if waiting is None else SyncDefaultJob.from_payload(waiting.payload).chosen


def default_job_id(user_id: UserId) -> str:
    """Return the id of the one job that sends a user's default card to the provider."""
    return f"job_default_{user_id}"


async def tell_provider(work: UnitOfWork, outbox: OutboxWriter, *, before: User, after: User) -> tuple[OutboxJob, ...]:
    """Enqueue the job that sends a new name or address to the provider, if there is a customer and a change."""
    if after.customer_id is None or (after.name, after.email.address) == (before.name, before.email.address):
        return ()
    return (await outbox.enqueue(work, UpdateCustomerJob(user=after.id, customer=after.customer_id)),)
