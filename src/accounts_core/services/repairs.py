"""Record and repair what `reconcile_cards` finds.

A pass compares what it read some time ago. So each repair checks again with the user locked, and a dry run does too: it
reports what a run would do.
"""

from collections.abc import Awaitable, Callable

import attrs

from accounts_core.errors import Conflict, NotFound, ProviderBusy, ProviderRefused
from accounts_core.model.drift import Drift, Kind, Reconciliation, Repair
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.user import User
from accounts_core.ports.payment_gateway import HoldStatus, OpenHold, PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_sync import SyncCustomer
from accounts_core.services.outbox_writer import OutboxWriter, default_job_id
from accounts_core.services.retry import retry_on_conflict

Look = Callable[[UnitOfWork, User], Awaitable[bool]]
"""Returns whether a difference still exists, with the user locked."""

Put = Callable[[UnitOfWork, User], Awaitable[OutboxJob]]
"""Enqueues the repair."""


@attrs.define
class Findings:
    """Records checked so far, and the differences found."""

    users: int = 0
    customers: int = 0
    holds: int = 0
    drifts: list[Drift] = attrs.field(factory=list)

    def note(self, kind: Kind, subject: str, user_id: UserId | None, repair: Repair, detail: str) -> None:
        """Add one difference."""
        self.drifts.append(Drift(kind=kind, subject=subject, user_id=user_id, repair=repair, detail=detail))

    def summed_up(self, stopped_by: str | None) -> Reconciliation:
        """Return the result of the run; `stopped_by` says why it ended early, None if it did not."""
        return Reconciliation(
            users=self.users,
            customers=self.customers,
            holds=self.holds,
            drifts=tuple(self.drifts),
            stopped_by=stopped_by,
        )


@attrs.frozen
class Repairs:
    """Repairs and records differences; a dry run only records. What another call is changing is left to it."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _sync: SyncCustomer
    _outbox: OutboxWriter
    _found: Findings
    dry_run: bool

    async def by_reading(self, kind: Kind, user: User, detail: str) -> None:
        """Read the user's customer again, and record the difference.

        Raises:
            ProviderError: The provider refused, is busy, or did not answer.
            VerificationInProgress: Other calls kept changing one of the customer's verifications.

        """
        assert user.customer_id is not None
        if self.dry_run:
            self._found.note(kind, user.customer_id, user.id, Repair.NEEDED, detail)
            return
        try:
            await self._sync(user.customer_id)
        except Conflict:
            return
        repair = await self._done_without(default_job_id(user.id))
        self._found.note(kind, user.customer_id, user.id, repair, detail)

    async def by_job(self, kind: Kind, subject: str, user_id: UserId, detail: str, *, look: Look, put: Put) -> None:
        """Enqueue a job, perform it once right away, and record the difference."""

        async def attempt() -> tuple[bool, OutboxJob | None]:
            async with self._store.begin() as work:
                user = await work.users.get(user_id, lock=True)
                is_wrong = await look(work, user)
                return is_wrong, await put(work, user) if is_wrong and not self.dry_run else None

        try:
            is_wrong, job = await retry_on_conflict(self._store, attempt)
        except (NotFound, Conflict):
            return  # the user was deleted or is being changed
        if not is_wrong:
            return
        repair = Repair.NEEDED
        if job is not None:
            await self._outbox.dispatch_now(job)
            repair = await self._done_without(job.id)
        self._found.note(kind, subject, user_id, repair, detail)

    async def by_release(self, hold: OpenHold, user_id: UserId | None, detail: str) -> None:
        """Release a hold unless it was released since it was listed, and record it.

        A hold that cannot be released now is recorded and does not end the run.

        Raises:
            ProviderAmbiguous: The answer was lost.

        """
        repair = Repair.NEEDED
        try:
            current = await self._payments.retrieve_hold(hold.id)
            if current.status in {HoldStatus.RELEASED, HoldStatus.DECLINED}:
                return
            if not self.dry_run:
                await self._payments.release(hold.id, key=f"reconcile:{hold.id}")
                repair = Repair.DONE
        except NotFound:
            return
        except (ProviderRefused, ProviderBusy) as error:
            detail = f"{detail}; {error}"
        self._found.note(Kind.STRANDED_HOLD, hold.id, user_id, repair, detail)

    async def _done_without(self, job_id: str) -> Repair:
        """Return `DONE` if the job has ended, else `QUEUED`."""
        async with self._store.reader() as reader:
            return Repair.DONE if await reader.outbox.find(job_id) is None else Repair.QUEUED
