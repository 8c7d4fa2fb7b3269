import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class ReadProfile:
    """Read a user."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId) -> User:
        """Raises `NotFound`."""
        async with self._store.read() as views:
            user = await views.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        return user
