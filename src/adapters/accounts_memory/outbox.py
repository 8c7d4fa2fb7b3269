from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import attrs

from accounts_core.errors import LeaseLost, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import JOBS, TYPED_ADDRESS_TOPICS
from accounts_core.model.outbox import OutboxJob, OverdueJobs
from accounts_core.ports.outbox import Outbox, OutboxReader

from .schema import Tables, Workspace


class MemoryOutboxReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def find(self, id: str) -> OutboxJob | None:
        return self._tables().jobs.get(id)

    async def any_due(self, *, now: datetime, topics: Collection[str] | None = None) -> bool:
        return any(_is_due(job, now, topics) for job in self._tables().jobs.all())

    async def any_due_after(self, *, after: datetime) -> bool:
        return any(_is_overlong(job, after) for job in self._tables().jobs.all())

    async def list(self, *, limit: int) -> Sequence[OutboxJob]:
        jobs = self._tables().jobs.all()
        return sorted(jobs, key=lambda job: (job.dead_lettered_at is None, job.due, job.id))[:limit]

    async def list_overdue(self, *, before: datetime, limit: int) -> Sequence[OverdueJobs]:
        due = defaultdict[str, list[datetime]](list)
        for job in self._tables().jobs.all():
            if job.dead_lettered_at is None and job.due < before:
                due[job.topic].append(job.due)
        found = [OverdueJobs(topic=topic, count=len(dues), oldest_due=min(dues)) for topic, dues in due.items()]
        return sorted(found, key=lambda each: (each.oldest_due, each.topic))[:limit]


class MemoryOutbox(MemoryOutboxReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, job: OutboxJob) -> None:
        self._workspace().jobs.add(job)

    async def claim(
        self, *, now: datetime, until: datetime, lease: str, limit: int, topics: Collection[str] | None = None
    ) -> Sequence[OutboxJob]:
        jobs = self._workspace().jobs
        due = sorted((job for job in jobs.all() if _is_due(job, now, topics)), key=lambda job: (job.due, job.id))
        return [jobs.put(attrs.evolve(job, lease=lease, due=until, attempts=job.attempts + 1)) for job in due[:limit]]

    async def correct_due_times(self, *, after: datetime, due: datetime, leased: datetime, limit: int) -> int:
        jobs = self._workspace().jobs
        overlong = [job for job in jobs.all() if _is_overlong(job, after)][:limit]
        for job in overlong:
            jobs.put(attrs.evolve(job, due=due if job.lease is None else leased))
        return len(overlong)

    async def complete(self, job: OutboxJob) -> None:
        self._workspace().jobs.drop(self._held(job))

    async def reschedule(self, job: OutboxJob, *, due: datetime, error: str | None = None) -> None:
        self._workspace().jobs.put(attrs.evolve(self._held(job), lease=None, due=due, last_error=error))

    async def dead_letter(self, job: OutboxJob, *, at: datetime, error: str) -> None:
        self._workspace().jobs.put(attrs.evolve(self._held(job), lease=None, dead_lettered_at=at, last_error=error))

    async def retry(self, id: str, *, now: datetime) -> None:
        jobs = self._workspace().jobs
        job = jobs.get(id)
        if job is None:
            raise NotFound("job", id)
        jobs.put(attrs.evolve(job, lease=None, due=now, attempts=0, dead_lettered_at=None))

    async def delete_for_email(self, email: EmailAddress) -> None:
        jobs = self._workspace().jobs
        address = email.address.lower()
        for job in list(jobs.all()):
            if job.topic in TYPED_ADDRESS_TOPICS and job.payload["email"].lower() == address:
                jobs.drop(job)

    async def delete(self, id: str) -> None:
        jobs = self._workspace().jobs
        job = jobs.get(id)
        if job is not None:
            jobs.drop(job)

    def _held(self, job: OutboxJob) -> OutboxJob:
        stored = self._workspace().jobs.get(job.id)
        if stored is None or stored.lease is None or stored.lease != job.lease:
            raise LeaseLost(f"The job {job.id!r} is not held under this lease.")
        return stored


def _is_due(job: OutboxJob, now: datetime, topics: Collection[str] | None) -> bool:
    return job.dead_lettered_at is None and job.due <= now and (topics is None or job.topic in topics)


def _is_overlong(job: OutboxJob, after: datetime) -> bool:
    return job.dead_lettered_at is None and job.due > after and (job.attempts > 0 or job.topic in JOBS)


_reads: type[OutboxReader] = MemoryOutboxReader
_outbox: type[Outbox] = MemoryOutbox
