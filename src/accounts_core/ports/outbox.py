from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.email import Email
from accounts_core.model.outbox import Job, JobKind


class OutboxReads(Protocol):
    """Reading the outbox."""

    async def find(self, id: str) -> Job | None:
        """Return the job, or None when it is done."""
        ...

    async def any_due(self, *, now: datetime, kinds: Collection[JobKind] | None = None) -> bool:
        """Say whether `claim` would find something, without claiming it."""
        ...

    async def any_overlong(self, *, after: datetime) -> bool:
        """Say whether `bring_back` would find something, without writing."""
        ...

    async def list(self, *, limit: int) -> Sequence[Job]:
        """Return at most `limit` jobs: the parked ones first, then by `due`, then by id."""
        ...


class Outbox(OutboxReads, Protocol):
    """The outbox in one transaction: what is put here is there if, and only if, the transaction commits."""

    async def put(self, job: Job) -> None:
        """Add a job. Raises `Conflict`, here or at commit, when there is one with its id."""
        ...

    async def claim(
        self, *, now: datetime, until: datetime, lease: str, limit: int, kinds: Collection[JobKind] | None = None
    ) -> Sequence[Job]:
        """Lease up to `limit` jobs that are due and not parked, the longest due first, with one more attempt each.

        With `kinds`, only jobs whose topic is of one of them.

        A leased job is due again at `until`, so a worker that dies loses it to another. Two claims at once never
        return the same job: the second leaves it out, or gets `Conflict`.
        """
        ...

    async def bring_back(self, *, after: datetime, due: datetime, leased: datetime, limit: int) -> int:
        """Make up to `limit` jobs due earlier that are due later than `after`, and return how many there were.

        `after` is further ahead than any delay reaches: a clock that was wrong wrote the due time. A job becomes due at
        `due`, one that is held under a lease at `leased`, so that its holder keeps it. Left alone are parked jobs, jobs
        that another worker is writing to, and what a host schedules: a job of its own topics that was never claimed.
        """
        ...

    async def done(self, job: Job) -> None:
        """End a job. Raises `LeaseLost` when it is not, or no longer, held under `job.lease`."""
        ...

    async def put_off(self, job: Job, *, due: datetime, error: str | None = None) -> None:
        """Let go of a job until `due`, and note why it failed, None when it did not. Raises `LeaseLost` as `done`."""
        ...

    async def park(self, job: Job, *, at: datetime, error: str) -> None:
        """Let go of a job until an operator has it tried again. Raises `LeaseLost` as `done` does."""
        ...

    async def retry(self, id: str, *, now: datetime) -> None:
        """Make a job due now, parked or not, with no attempts counted and held by nobody. Raises `NotFound`.

        What was noted of its last failure stays, until it fails again or is done.
        """
        ...

    async def remove_about(self, email: Email) -> None:
        """Remove the jobs that only somebody who typed this address asked for: of `TYPED_ADDRESS_TOPICS`.

        For a user who is being deleted. Addresses are compared in lower case.
        """
        ...

    async def remove(self, id: str) -> None:
        """End a job whoever holds it, for a unit that has just settled what it was for; a missing one is ended."""
        ...
