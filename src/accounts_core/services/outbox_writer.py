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
from accounts_core.model.events import Actor, CustomerDetailsRefused
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.outbox import Job, JobKind, Topic, kind_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_details import Refusal, update_details
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.default_card import replace_default
from accounts_core.services.mailer import Mailer
from accounts_core.services.retry import ATTEMPTS, settle

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
    _removal: CustomerRemoval
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

    async def put_reading(self, work: UnitOfWork, customer_id: str, *, wait: timedelta = timedelta(0)) -> None:
        """Write down that a worker has to read the customer again after `wait`; once for each customer at a time."""
        now, name = self._clock.now(), f"job_read_{customer_id}"
        await work.outbox.remove(name)
        await work.outbox.put(
            Job(id=name, topic=Topic.SYNC_CUSTOMER, payload={"customer": customer_id}, created_at=now, due=now + wait)
        )

    async def read_lost(self, customer_id: str) -> None:
        """Have a worker read a customer that the provider does not know, so that it is forgotten here."""

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self.put_reading(work, customer_id)

        await settle(self._store, attempt)

    async def put_default(self, work: UnitOfWork, user_id: UserId, *, chosen: str | None = None) -> Job:
        """Write down that the provider's default card has to become the user's; once for each user at a time.

        `chosen` is the card that the person chose, which replaces a default that is managed elsewhere, too.
        """
        payload = {"user": str(user_id)} if chosen is None else {"user": str(user_id), "chosen": chosen}
        job = self.job(default_job_id(user_id), Topic.SYNC_DEFAULT, payload)
        await work.outbox.remove(job.id)  # what it would have done, this one does
        await work.outbox.put(job)
        return job

    async def find_choice(self, work: UnitOfWork, user_id: UserId) -> str | None:
        """Return the card that the person chose as default, if the provider has not heard of it yet."""
        waiting = await work.outbox.find(default_job_id(user_id))
        return None if waiting is None else waiting.payload.get("chosen")

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
                await self._sync_default(UserId(int(job.payload["user"])), job.payload.get("chosen"))
            case Topic.DELETE_CUSTOMER if "customer" in job.payload:
                await self._removal.remove(
                    job.payload["customer"], unless_used=job.payload.get("unless_used") == "true"
                )
            case Topic.DELETE_CUSTOMER:
                await self._removal.remove_of(job.payload["user_ref"])
            case Topic.UPDATE_CUSTOMER:
                await self._update_customer(UserId(int(job.payload["user"])), job.payload.get("customer"))
            case _:
                await self._mailer.perform(job)

    async def _sync_default(self, user_id: UserId, chosen: str | None) -> None:
        async def read() -> _Default:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
                cards = await views.payment_methods.of(user_id)
            return None if user is None else user.customer_id, cards.default.id if cards.default else None

        async def tell(default: _Default) -> None:
            customer_id, card = default
            if customer_id is None:
                return
            try:
                await replace_default(self._store, self._payments, user_id, customer_id, card, chosen=chosen)
            except NotFound:  # only for what a person does: reading the customer leads to the rest of these jobs
                if chosen is not None:
                    await self.read_lost(customer_id)

        await self._tell(read, tell)

    async def _tell(self, read: Callable[[], Awaitable[R]], tell: Callable[[R], Awaitable[None]]) -> None:
        """Tell the provider what is so now, rather than what was so when the job was written down.

        And look again afterwards: whoever was told to do the same later may have done it before, and what was told
        last would be what is not so any more.
        """
        now = await read()
        for _ in range(ATTEMPTS):
            await tell(now)
            told, now = now, await read()
            if now == told:
                return
        raise Conflict("It changes faster than it can be told.")

    async def _update_customer(self, user_id: UserId, customer_id: str | None) -> None:
        async def read() -> _Details:
            async with self._store.read() as views:
                user = await views.users.find(user_id)
            return None if user is None or user.customer_id is None else (user.customer_id, user.email, user.name)

        async def tell(details: _Details) -> None:
            if details is None:
                if customer_id is not None:  # what was told while the user was being deleted must not stay there
                    await self._removal.clear_details(customer_id)
                return
            current, email, name = details
            try:
                refusal = await update_details(self._payments, current, email=email, name=name)
            except NotFound:
                await self.read_lost(current)
                return
            if refusal is not None:
                await self._note_refusal(user_id, refusal)

        await self._tell(read, tell)

    async def _note_refusal(self, user_id: UserId, refusal: Refusal) -> None:
        with suppress(NotFound):  # the user was deleted meanwhile: their trail says no more
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                work.record(
                    CustomerDetailsRefused(
                        user_id=user_id,
                        at=self._clock.now(),
                        by=Actor.PROVIDER,
                        fields=refusal.fields,
                        code=refusal.code,
                    )
                )


def default_job_id(user_id: UserId) -> str:
    """Name the one job that tells the provider a user's default card."""
    return f"job_default_{user_id}"


async def tell_provider(work: UnitOfWork, effects: Effects, *, before: User, after: User) -> tuple[Job, ...]:
    """Write down that the provider's customer has to hear of a new name or address, where there is one."""
    if after.customer_id is None or (after.name, after.email.address) == (before.name, before.email.address):
        return ()
    return (await effects.put(work, Topic.UPDATE_CUSTOMER, user=str(after.id), customer=after.customer_id),)
