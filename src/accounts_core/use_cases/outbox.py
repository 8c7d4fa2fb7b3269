"""The worker's side of the outbox: doing what is due, and what operators see of it.

A job is claimed under a lease, done at least once, and ended by whoever still holds the lease. What fails is put off,
longer each time, and parked in the end, where an operator can see it and have it tried again. A mail that is not
deliverable because of its recipient is ended instead, with an entry in the recipient's audit trail.

Jobs are claimed by the machine's clock, which may have been ahead when a due time was written: what is due further
ahead than any delay reaches is brought back.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import attrs

from accounts_core.errors import AccountsError, CallerError, HostError, LeaseLost, NotFound, ProviderRefused
from accounts_core.model.events import Actor, MailUndeliverable
from accounts_core.model.outbox import Job, JobKind, Topic
from accounts_core.model.policy import CardPolicy
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.card_verifier import CardVerifier
from accounts_core.use_cases.effects import LEASE, Effects
from accounts_core.use_cases.mailing import NotDelivered
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.sync_customer import SyncCustomer
from accounts_core.use_cases.teams.invitations import Inviter

WORKER_LEASE: Final = timedelta(minutes=5)
"""Longer than the provider may take for every call of one job."""
FIRST_DELAY: Final = timedelta(seconds=2)
LONGEST_DELAY: Final = timedelta(hours=1)
"""Before chance makes it up to half as long again."""
MOST_ATTEMPTS: Final = 30
"""With these delays about a day; then a job is parked."""
MAX_ERROR: Final = 500
MOST_BROUGHT_BACK: Final = 1000
"""Jobs whose due time is repaired in one transaction."""

JobHandler = Callable[[Job], Awaitable[None]]
"""A host's own: does what a job of the host's topic says. May be called again with the same job."""


@attrs.frozen
class Jobs:
    """Does any job, whatever its topic."""

    _effects: Effects
    _verifier: CardVerifier
    _sync: SyncCustomer
    _inviter: Inviter
    _policy: CardPolicy
    _handlers: Mapping[str, JobHandler]

    async def perform(self, job: Job) -> datetime | None:
        """Do what the job says. Return when to look at it again; None when it is done."""
        match job.topic:
            case Topic.VERIFY_CARD:
                return await self._verify(job.payload["verification"])
            case Topic.SYNC_CUSTOMER:
                await self._sync(job.payload["customer"])
            case Topic.INVITE:
                await self._inviter.perform(job)
            case Topic.SEND_INVITATIONS:
                await self._inviter.send_waiting(job)
            case topic if topic in self._handlers:
                await self._handlers[topic](job)
            case _:
                await self._effects.perform(job)
        return None

    async def _verify(self, id: str) -> datetime | None:
        try:
            verification = (await self._verifier.drive(id)).verification
        except NotFound:
            return None
        # what is open now waits for the person, and is given up when they take too long
        return verification.created_at + self._policy.challenge_limit if verification.is_open else None


@attrs.frozen(kw_only=True)
class Ran:
    """What one round of a worker did."""

    done: int = 0
    put_off: int = 0
    parked: int = 0

    @property
    def total(self) -> int:
        return self.done + self.put_off + self.parked

    def __add__(self, other: "Ran") -> "Ran":
        return Ran(done=self.done + other.done, put_off=self.put_off + other.put_off, parked=self.parked + other.parked)


@attrs.frozen
class BringBackJobs:
    """Make jobs due again whose due time lies further ahead than any delay reaches."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: CardPolicy

    async def __call__(self) -> int:
        """Return how many there were; at most `MOST_BROUGHT_BACK` are brought back at once."""
        now = self._clock.now()
        after = now + max(LONGEST_DELAY * 1.5, WORKER_LEASE, LEASE, self._policy.challenge_limit) + CLOCK_SKEW
        async with self._store.read() as views:
            if not await views.outbox.any_overlong(after=after):
                return 0

        async def bring_back() -> int:
            async with self._store.begin() as work:
                return await work.outbox.bring_back(
                    after=after, due=now, leased=now + WORKER_LEASE, limit=MOST_BROUGHT_BACK
                )

        return await settle(self._store, bring_back)


@attrs.frozen
class RunDue:
    """One round of a worker: do what is due."""

    _store: Store[UnitOfWork]
    _jobs: Jobs
    _clock: Clock
    _secrets: Secrets
    _effects: Effects
    _bring_back: BringBackJobs

    async def __call__(self, *, limit: int = 100, kinds: Collection[JobKind] | None = None) -> Ran:
        """Do at most `limit` jobs, one after another, and say what became of them. No job's failure is raised.

        Args:
            limit: The most jobs to do in this round.
            kinds: Do only jobs of these kinds, for a worker that runs the kinds apart: it calls `repair_times` itself
                every minute. None does jobs of every kind, and begins with bringing back those due too far ahead.

        """
        if kinds is None:
            await self._bring_back()
        ran = Ran()
        for _ in range(limit):
            job = await self._claim(kinds)
            if job is None:
                break
            ran = await self._run(job, ran)
        return ran

    async def _claim(self, kinds: Collection[JobKind] | None) -> Job | None:
        now = self._clock.now()
        async with self._store.read() as views:
            if not await views.outbox.any_due(now=now, kinds=kinds):
                return None  # an empty claim would be a write all the same

        async def attempt() -> Sequence[Job]:
            async with self._store.begin() as work:
                lease = self._effects.new_id("lea")
                return await work.outbox.claim(now=now, until=now + WORKER_LEASE, lease=lease, limit=1, kinds=kinds)

        claimed = await settle(self._store, attempt)
        return claimed[0] if claimed else None

    async def _run(self, job: Job, ran: Ran) -> Ran:
        undelivered: NotDelivered | None = None
        again: datetime | None = None
        try:
            again = await self._jobs.perform(job)
        except NotDelivered as failure:
            undelivered = failure
        except Exception as error:  # noqa: BLE001  whatever one job does, the next one has its turn
            return await self._failed(job, error, ran)

        async def end() -> None:
            async with self._store.begin() as work:
                if undelivered is not None:
                    await self._note(work, undelivered)
                if again is None:
                    await work.outbox.done(job)
                else:
                    await work.outbox.put_off(job, due=again)

        with suppress(LeaseLost):  # ended together with what it was for, or somebody else's by now
            await settle(self._store, end)
        return attrs.evolve(ran, done=ran.done + 1)

    async def _note(self, work: UnitOfWork, undelivered: NotDelivered) -> None:
        """Write into the trail of the user whom a mail was for, if any, that it is not deliverable."""
        if undelivered.user_id is None:
            return
        with suppress(NotFound):
            # locked, so that a deletion which redacts the trail comes before or after it
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

    async def _failed(self, job: Job, error: Exception, ran: Ran) -> Ran:
        reason = _reason(error)
        is_final = isinstance(error, ProviderRefused | CallerError | HostError) or job.attempts >= MOST_ATTEMPTS
        now = self._clock.now()
        due = now + self._delay(job.attempts)

        async def let_go() -> None:
            async with self._store.begin() as work:
                if is_final:
                    await work.outbox.park(job, at=now, error=reason)
                else:
                    await work.outbox.put_off(job, due=due, error=reason)

        try:
            await settle(self._store, let_go)
        except LeaseLost:
            return ran
        if is_final:
            return attrs.evolve(ran, parked=ran.parked + 1)
        return attrs.evolve(ran, put_off=ran.put_off + 1)

    def _delay(self, attempts: int) -> timedelta:
        """Twice as long each time, and by chance up to half as much more: so that what failed together parts."""
        doubled = min(FIRST_DELAY * (1 << min(attempts - 1, 30)), LONGEST_DELAY)
        return doubled * (1 + self._secrets.random_bytes(1)[0] / 512)


def _reason(error: Exception) -> str:
    """Say why, without the text of what is not ours: nobody knows what is in it."""
    text = f"{type(error).__name__}: {error}" if isinstance(error, AccountsError) else type(error).__name__
    return "".join(character for character in text if character.isprintable())[:MAX_ERROR]


@attrs.frozen
class ListOutbox:
    """Read what is still to be done, for operators."""

    _store: Store[UnitOfWork]

    async def __call__(self, *, limit: int = 50) -> Sequence[Job]:
        """Return at most `limit` jobs, the parked ones first."""
        async with self._store.read() as views:
            return await views.outbox.list(limit=limit)


@attrs.frozen
class RetryJob:
    """Have a job tried again now, parked or not."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, id: str) -> None:
        """Raises `NotFound`."""
        async with self._store.begin() as work:
            await work.outbox.retry(id, now=self._clock.now())
