"""Jobs that change something at the payment provider. Each is safe to repeat."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import Actor, CustomerDetailsRefused
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import DeleteCustomerJob, DetachCardJob, SyncDefaultJob, UpdateCustomerJob
from accounts_core.model.outbox import OutboxJob
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.customer_details import Refusal, update_details
from accounts_core.services.customer_removal import CustomerRemoval
from accounts_core.services.default_card import replace_default
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.retry import ATTEMPTS

R = TypeVar("R")

_Default = tuple[str | None, str | None]
"""The customer id, and the card to make its default."""

_Details = tuple[str, EmailAddress, str] | None
"""The customer id, its email address and name."""


@attrs.frozen
class ProviderJobs:
    """Performs the jobs that send changes to the payment provider. Errors of the provider are raised."""

    _store: Store[UnitOfWork]
    _payments: PaymentGateway
    _removal: CustomerRemoval
    _outbox: OutboxWriter
    _clock: Clock

    async def detach_card(self, _: OutboxJob, data: DetachCardJob) -> None:
        await self._payments.detach(data.payment_method)

    async def delete_customer(self, _: OutboxJob, data: DeleteCustomerJob) -> None:
        if data.customer is not None:
            await self._removal.remove(data.customer, unless_used=data.unless_used is True)
        elif data.user_ref is not None:
            await self._removal.remove_customers_of(data.user_ref)

    async def sync_default(self, _: OutboxJob, data: SyncDefaultJob) -> None:
        async def read() -> _Default:
            async with self._store.reader() as reader:
                user = await reader.users.find(data.user)
                cards = await reader.payment_methods.list_for_user(data.user)
            return None if user is None else user.customer_id, cards.default.id if cards.default else None

        async def tell(default: _Default) -> None:
            customer_id, card = default
            if customer_id is None:
                return
            try:
                await replace_default(self._store, self._payments, data.user, customer_id, card, chosen=data.chosen)
            except NotFound:  # without `chosen` the job was enqueued by a read of the customer
                if data.chosen is not None:
                    await self._outbox.read_lost(customer_id)

        await self._tell(read, tell)

    async def update_customer(self, _: OutboxJob, data: UpdateCustomerJob) -> None:
        async def read() -> _Details:
            async with self._store.reader() as reader:
                user = await reader.users.find(data.user)
            return None if user is None or user.customer_id is None else (user.customer_id, user.email, user.name)

        async def tell(details: _Details) -> None:
            if details is None:
                if data.customer is not None:  # details sent while the user was being deleted
                    await self._removal.clear_details(data.customer)
                return
            current, email, name = details
            try:
                refusal = await update_details(self._payments, current, email=email, name=name)
            except NotFound:
                await self._outbox.read_lost(current)
                return
            if refusal is not None:
                await self._note_refusal(data.user, refusal)

        await self._tell(read, tell)

    async def _tell(self, read: Callable[[], Awaitable[R]], tell: Callable[[R], Awaitable[None]]) -> None:
        """Send the provider the current state, not the state at the time the job was enqueued.

        The state is read again afterwards, because another job may have sent a newer one first.

        Args:
            read: Returns the current state.
            tell: Sends a state to the provider.

        Raises:
            Conflict: The state was different after every attempt.
            Exception: Any error of `read` or `tell`.

        """
        now = await read()
        for _ in range(ATTEMPTS):
            await tell(now)
            sent, now = now, await read()
            if now == sent:
                return
        raise Conflict("The state changed during every attempt to send it to the provider.")

    async def _note_refusal(self, user_id: UserId, refusal: Refusal) -> None:
        with suppress(NotFound):  # the user was deleted, and the audit trail was redacted
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
