import attrs

from accounts_core.model.events import DefaultCardChanged
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Job
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


@attrs.frozen
class SetDefaultPaymentMethod:
    """Choose the card that is charged when nothing else is said."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _effects: Effects
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Make it the default here, then at the provider, in place of one that is managed elsewhere, too.

        Raises `NotFound` for anything but the user's own card, and `LimitExceeded`.
        """
        await self._attempts.write(user_id)

        async def attempt() -> tuple[Job, ...]:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                before = await work.payment_methods.of(user_id)
                after = before.make_default(id)
                if after != before:
                    await work.payment_methods.save(user_id, after)
                    work.record(DefaultCardChanged(user_id=user_id, at=self._clock.now(), payment_method=id))
                # told even where it is the default here already: at the provider it may be another one
                return (await self._effects.put_default(work, user_id, chosen=id),)

        await self._effects.attempt(*await settle(self._store, attempt))
