"""Port: the outbox, jobs that are committed with the change that caused them.

Called by services that enqueue jobs, and by the worker. A job exists if, and only if, its transaction commits; it is
performed at least once; only the holder of its lease completes or reschedules it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.outbox import OutboxJob, OverdueJobs


class OutboxReader(Protocol):
    """Reads of the outbox."""

    async def find(self, id: str) -> OutboxJob | None:
        """Return the job with this id, or None if there is none or it is done."""
        ...

    async def any_due(self, *, now: datetime, topics: Collection[str] | None = None) -> bool:
        """Return whether `claim` with the same arguments would find a job, without claiming it."""
        ...

    async def any_due_after(self, *, after: datetime) -> bool:
        """Return whether `correct_due_times` with the same `after` would find a job, without writing."""
        ...

    async def list(self, *, limit: int) -> Sequence[OutboxJob]:
        """Return at most `limit` jobs: the dead-lettered ones first, then by `due`, then by id."""
        ...

    async def list_overdue(self, *, before: datetime, limit: int) -> Sequence[OverdueJobs]:
        """Return at most `limit` topics of jobs that are not dead-lettered and were due before `before`.

        A job under a lease is due at the end of the lease. The topic with the oldest job comes first.
        """
        ...


class Outbox(OutboxReader, Protocol):
    """The outbox in one transaction."""

    async def add(self, job: OutboxJob) -> None:
        """Add a job.

        Raises:
            Conflict: Here or at commit: there is a job with this id.
            Invalid: A text in it cannot be stored.

        """
        ...

    async def claim(
        self, *, now: datetime, until: datetime, lease: str, limit: int, topics: Collection[str] | None = None
    ) -> Sequence[OutboxJob]:
        """Lease jobs that are due and not dead-lettered, the longest due first, and count one more attempt of each.

        Postcondition: a leased job is due again at `until`, so that another worker gets it if this one dies. Two
        concurrent claims never return the same job: the second leaves it out, or gets `Conflict`.

        Args:
            now: The current time; jobs due then or earlier are claimed.
            until: When the lease ends.
            lease: Identifies the lease.
            limit: The most jobs to claim.
            topics: Only jobs of these topics, as a worker claims what it has handlers for; None for any.

        Returns:
            The jobs as they are now; empty if none is due.

        Raises:
            Conflict: Here or at commit: another worker claimed one of them.

        """
        ...

    async def correct_due_times(self, *, after: datetime, due: datetime, leased: datetime, limit: int) -> int:
        """Make jobs due earlier that a wrong clock scheduled too far ahead.

        Skipped are dead-lettered jobs, jobs that another worker is writing to, and jobs of the application's topics
        that were never claimed: the application may schedule them as far ahead as it wants.

        Args:
            after: Jobs due later than this were scheduled by a wrong clock: no delay reaches as far.
            due: The new due time.
            leased: The new due time of a leased job, so that its holder keeps it.
            limit: The most jobs to change.

        Returns:
            The number of jobs changed.

        """
        ...

    async def complete(self, job: OutboxJob) -> None:
        """Delete a job that was performed.

        Raises:
            LeaseLost: It is not, or no longer, leased under `job.lease`.

        """
        ...

    async def reschedule(self, job: OutboxJob, *, due: datetime, error: str | None = None) -> None:
        """Release the lease and reschedule the job.

        Args:
            job: The leased job.
            due: When it may be claimed again.
            error: Why it failed, stored as `last_error`; None if it did not fail.

        Raises:
            LeaseLost: It is not, or no longer, leased under `job.lease`.

        """
        ...

    async def dead_letter(self, job: OutboxJob, *, at: datetime, error: str) -> None:
        """Dead-letter a job: release the lease, and keep it until an operator retries it.

        Args:
            job: The leased job.
            at: The time of the failure.
            error: Why it failed, stored as `last_error`.

        Raises:
            LeaseLost: It is not, or no longer, leased under `job.lease`.

        """
        ...

    async def retry(self, id: str, *, now: datetime) -> None:
        """Make a job due now, dead-lettered or not, with no attempts counted and without a lease.

        `last_error` stays until the job fails again or is done.

        Raises:
            NotFound: No such job.

        """
        ...

    async def delete_for_email(self, email: EmailAddress) -> None:
        """Delete the jobs of `TYPED_ADDRESS_TOPICS` for the address of a user who is being deleted.

        Addresses are compared in lower case.
        """
        ...

    async def delete(self, id: str) -> None:
        """Delete a job, leased or not; one that does not exist is skipped.

        For a unit of work that has done what the job was for.
        """
        ...
