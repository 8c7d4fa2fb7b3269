"""The worker: performs the outbox jobs that are due.

A job is claimed under a lease, performed at least once, and completed only while the lease is held. A job that fails is
rescheduled with increasing delays and finally dead-lettered, so that an operator can inspect and retry it. The job of a
mail that is undeliverable because of its recipient is completed, with an entry in the recipient's audit trail.

Due times are written by the clocks of several machines, which may be ahead. A due time further in the future than any
delay is therefore corrected.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import attrs

from accounts_core.errors import (
    AccountsError,
    ClientError,
    ConfigurationError,
    LeaseLost,
    NeedsCommit,
    NotFound,
    ProviderRefused,
)
from accounts_core.model.events import Actor, MailUndeliverable
from accounts_core.model.jobs import JobKind
from accounts_core.model.outbox import OutboxJob
from accounts_core.outbox.correct_due_times import CorrectDueTimes
from accounts_core.outbox.delays import FIRST_DELAY, LONGEST_DELAY, MOST_ATTEMPTS, WORKER_LEASE
from accounts_core.outbox.handlers import JobHandlers
from accounts_core.outbox.mails import NotDelivered
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import retry_on_conflict

MAX_ERROR: Final = 500


@attrs.frozen(kw_only=True)
class WorkerRun:
    """Number of jobs of each outcome in one run of a worker."""

    done: int = 0
    rescheduled: int = 0
    dead_lettered: int = 0

    @property
    def total(self) -> int:
        return self.done + self.rescheduled + self.dead_lettered

    def __add__(self, other: "WorkerRun") -> "WorkerRun":
        return WorkerRun(
            done=self.done + other.done,
            rescheduled=self.rescheduled + other.rescheduled,
            dead_lettered=self.dead_lettered + other.dead_lettered,
        )


@attrs.frozen
class RunWorker:
    """Perform the jobs of the outbox that are due."""

    _store: Store[UnitOfWork]
    _handlers: JobHandlers
    _clock: Clock
    _secrets: Secrets
    _outbox: OutboxWriter
    _bring_back: CorrectDueTimes

    async def __call__(self, *, limit: int = 100, kinds: Collection[JobKind] | None = None) -> WorkerRun:
        """Perform the jobs of the outbox that are due, one after another.

        A job that fails is rescheduled with a longer delay each time, and dead-lettered when the error is final or
        after 30 attempts. No job's error is raised.

        Args:
            limit: The most jobs to perform in this run.
            kinds: Perform only jobs of these kinds, for a worker that runs the kinds apart and calls `repair_times`
                every minute itself. None performs jobs of every kind, and first repairs due times too far in the
                future.

        Returns:
            How many jobs were done, rescheduled and dead-lettered.

        Raises:
            NeedsCommit: The store takes part in the application's transaction. Call this on accounts on an engine, once
                the application has committed.
            Unavailable: The database is away.

        """
        if not self._store.commits:
            raise NeedsCommit
        if kinds is None:
            await self._bring_back()
        ran = WorkerRun()
        topics = self._handlers.topics(tuple(JobKind) if kinds is None else kinds)
        for _ in range(limit):
            job = await self._claim(topics)
            if job is None:
                break
            ran = await self._run(job, ran)
        return ran

    async def _claim(self, topics: Collection[str]) -> OutboxJob | None:
        now = self._clock.now()
        async with self._store.reader() as reader:
            if not await reader.outbox.any_due(now=now, topics=topics):
                return None  # a claim writes even if it returns nothing

        async def attempt() -> Sequence[OutboxJob]:
            async with self._store.begin() as work:
                lease = self._outbox.new_id("lea")
                return await work.outbox.claim(now=now, until=now + WORKER_LEASE, lease=lease, limit=1, topics=topics)

        claimed = await retry_on_conflict(self._store, attempt)
        return claimed[0] if claimed else None

    async def _run(self, job: OutboxJob, ran: WorkerRun) -> WorkerRun:
        undelivered: NotDelivered | None = None
        again: datetime | None = None
        try:
            again = await self._handlers.perform(job)
        except NotDelivered as failure:
            undelivered = failure
        except Exception as error:  # noqa: BLE001  an error of one job must not stop the others
            return await self._failed(job, error, ran)

        async def end() -> None:
            async with self._store.begin() as work:
                if undelivered is not None:
                    await self._note(work, undelivered)
                if again is None:
                    await work.outbox.complete(job)
                else:
                    await work.outbox.reschedule(job, due=again)

        with suppress(LeaseLost):  # the job was deleted, or another worker holds it by now
            await retry_on_conflict(self._store, end)
        return attrs.evolve(ran, done=ran.done + 1)

    async def _note(self, work: UnitOfWork, undelivered: NotDelivered) -> None:
        """Record in the audit trail of the recipient, if it is a user, that the mail is undeliverable."""
        if undelivered.user_id is None:
            return
        with suppress(NotFound):
            # locked, so that a concurrent deletion redacts this entry as well
            await work.users.get(undelivered.user_id, lock=True)
            work.record(
                MailUndeliverable(
                    user_id=undelivered.user_id,
                    at=self._clock.now(),
                    by=Actor.OPERATOR,
                    purpose=undelivered.purpose,
                    status=undelivered.status,
                )
            )

    async def _failed(self, job: OutboxJob, error: Exception, ran: WorkerRun) -> WorkerRun:
        reason = _reason(error)
        is_final = (
            isinstance(error, ProviderRefused | ClientError | ConfigurationError) or job.attempts >= MOST_ATTEMPTS
        )
        now = self._clock.now()
        due = now + self._delay(job.attempts)

        async def postpone() -> None:
            async with self._store.begin() as work:
                if is_final:
                    await work.outbox.dead_letter(job, at=now, error=reason)
                else:
                    await work.outbox.reschedule(job, due=due, error=reason)

        try:
            await retry_on_conflict(self._store, postpone)
        except LeaseLost:
            return ran
        if is_final:
            return attrs.evolve(ran, dead_lettered=ran.dead_lettered + 1)
        return attrs.evolve(ran, rescheduled=ran.rescheduled + 1)

    def _delay(self, attempts: int) -> timedelta:
        """Return the delay before the next attempt: exponential, with up to 50% of random jitter."""
        doubled = min(FIRST_DELAY * (1 << min(attempts - 1, 30)), LONGEST_DELAY)
        return doubled * (1 + self._secrets.random_bytes(1)[0] / 512)


def _reason(error: Exception) -> str:
    """Return the error as stored on the job; of foreign errors only the type, because their text may hold secrets."""
    text = f"{type(error).__name__}: {error}" if isinstance(error, AccountsError) else type(error).__name__
    return "".join(character for character in text if character.isprintable())[:MAX_ERROR]
