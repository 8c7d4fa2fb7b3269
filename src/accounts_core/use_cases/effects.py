"""Effects outside the database: written to the outbox with what causes them, and tried once right after the commit.

Mails are not tried: nobody who asks for something waits for a mail server. They are left to a worker.

What is tried and fails stays in the outbox under a lease that runs out, and is then anybody's: a worker finds it. Every
effect can be done twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeVar

import attrs

from accounts_core.errors import Conflict, NotFound, WorldError
from accounts_core.model.email import Email
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.outbox import Job, JobKind, Topic, kind_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.mailing import Mailer
from accounts_core.use_cases.retrying import ATTEMPTS

R = TypeVar("R")

_Default = tuple[str | None, str | None]
"""The customer, and the card that is to be its default."""
_Details = tuple[str, Email, str] | None
"""The customer, its address and name."""

LEASE: Final = timedelta(seconds=60)
"""How long whoever wrote a job down keeps it to themself."""


@attrs.frozen
class Effects:
    """The outbox as use cases see it: `put` inside the unit of work, `attempt` after it."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _mailer: Mailer
    _clock: Clock
    _secrets: Secrets

    async def put(self, work: UnitOfWork, topic: Topic, **payload: str) -> Job:
        """Write an effect down, to be attempted by the caller once the unit has committed: none that is a mail."""
        assert kind_of(topic) is not JobKind.MAIL, f"{topic} would make a request wait for the mail server."
        job = self.job(self.new_id("job"), topic, payload)
        await work.outbox.put(job)
        return job

    async def put_for_worker(self, work: UnitOfWork, topic: Topic, **payload: str) -> None:
        """Write an effect down that nobody here attempts: any worker's at once."""
        now = self._clock.now()
        await work.outbox.put(Job(id=self.new_id("job"), topic=topic, payload=payload, created_at=now, due=now))

    async def put_default(self, work: UnitOfWork, user_id: UserId) -> Job:
        """Write down that the provider's default card has to become the user's; once for each user at a time."""
        job = self.job(default_job_id(user_id), Topic.SYNC_DEFAULT, {"user": str(user_id)})
        await work.outbox.remove(job.id)  # what it would have done, this one does
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
            case Topic.DELETE_CUSTOMER if "customer" in job.payload:
                await self._delete_customer(job.payload["customer"])
            case Topic.DELETE_CUSTOMER:
                await self._delete_customer_of(job.payload["user_ref"])
            case Topic.UPDATE_CUSTOMER:
                await self._update_customer(UserId(int(job.payload["user"])))
            case _:
                await self._mailer.perform(job)

    async def _sync_default(self, user_id: UserId) -> None:
        async def read() -> _Default:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
                cards = await views.payment_methods.of(user_id)
            return None if user is None else user.customer_id, cards.default.id if cards.default else None

        async def tell(default: _Default) -> None:
            customer_id, card = default
            if customer_id is not None:
                await self._payments.set_default(customer_id, card)

        await self._tell(read, tell)

    async def _tell(self, read: Callable[[], Awaitable[R]], tell: Callable[[R], Awaitable[None]]) -> None:
        """Tell the provider what is so now, rather than what was so when the job was written down.

        And look again afterwards: whoever was told to do the same later may have done it before, and what was told
        last would be what is not so any more.
        """
        now = await read()
        for _ in range(ATTEMPTS):
            with suppress(NotFound):  # the customer or the card is gone at the provider: nothing is left to be told
                await tell(now)
            told, now = now, await read()
            if now == told:
                return
        raise Conflict("It changes faster than it can be told.")

    async def _delete_customer(self, customer_id: str) -> None:
        """Not before the last hold on it is let go. Raises `Conflict` until then."""
        async with self._store.read() as views:
            if await views.verifications.open_of_customer(customer_id):
                raise Conflict("A card of this customer is still being verified.")
        await self._payments.delete_customer(customer_id)

    async def _delete_customer_of(self, user_ref: str) -> None:
        """For a deleted user whose customer was never known here."""
        customer = await self._payments.find_customer(user_ref)
        if customer is not None:
            await self._delete_customer(customer.id)

    async def _update_customer(self, user_id: UserId) -> None:
        async def read() -> _Details:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
            return None if user is None or user.customer_id is None else (user.customer_id, user.email, user.name)

        async def tell(details: _Details) -> None:
            if details is not None:
                customer_id, email, name = details
                await self._payments.update_customer(customer_id, email=email, name=name)

        await self._tell(read, tell)


def default_job_id(user_id: UserId) -> str:
    """Name the one job that tells the provider a user's default card."""
    return f"job_default_{user_id}"


async def tell_provider(work: UnitOfWork, effects: Effects, *, before: User, after: User) -> tuple[Job, ...]:
    """Write down that the provider's customer has to hear of a new name or address, where there is one."""
    if after.customer_id is None or (after.name, after.email.address) == (before.name, before.email.address):
        return ()
    return (await effects.put(work, Topic.UPDATE_CUSTOMER, user=str(after.id)),)
