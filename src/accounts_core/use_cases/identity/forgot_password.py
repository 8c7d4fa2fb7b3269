import attrs

from accounts_core.model.email import Email
from accounts_core.model.outbox import Topic
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.credentials import email_of
from accounts_core.services.outbox_writer import Effects


@attrs.frozen
class ForgotPassword:
    """Ask for a mail to choose a new password with."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _attempts: Attempts

    async def __call__(self, *, email: Email | str, client: str | None = None) -> None:
        """Have a mail sent if the address has an account; never say whether it has.

        Raises `Invalid` on `email`, and `LimitExceeded`.
        """
        address = email_of(email)
        await self._attempts.recovery(address, client)
        async with self._store.begin() as work:
            await self._effects.put_for_worker(work, Topic.RECOVERY_MAIL, email=address.address)
