import attrs

from accounts_core.errors import NotFound
from accounts_core.model.email import Email
from accounts_core.model.user import User
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import email_of


@attrs.frozen
class FindUser:
    """Read a user whose address is known: for operators and hosts, never for strangers."""

    _store: Store[UnitOfWork]

    async def __call__(self, email: Email | str) -> User:
        """Raises `NotFound`, and `Invalid` on `email`."""
        address = email_of(email)
        async with self._store.read() as views:
            user = await views.users.find_by_email(address)
        if user is None:
            raise NotFound("user", address)
        return user
