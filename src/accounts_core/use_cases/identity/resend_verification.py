import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.outbox import Topic
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.outbox_writer import Effects


@attrs.frozen
class ResendVerification:
    """Ask for another mail to verify an address with."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _attempts: Attempts

    async def __call__(self, user_id: UserId, *, client: str | None = None) -> None:
        """Have a mail sent to the address that waits; without one nothing happens.

        Raises `NotFound` and `LimitExceeded`.
        """
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        if user.waiting_email is None:
            return
        await self._attempts.recovery(user.waiting_email, client)
        await self._attempts.mail(user.waiting_email)
        async with self._store.begin() as work:
            await self._effects.put_for_worker(work, Topic.VERIFICATION_MAIL, user=str(user_id))
