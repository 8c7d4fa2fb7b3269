"""Read a user's profile by id, whatever the status of the account."""

from typing import Generic

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.profiles import Profiles


@attrs.frozen
class ReadProfile(Generic[D]):
    """Read a user by id."""

    _store: Store[UnitOfWork]
    _profiles: Profiles[D]

    async def __call__(self, user_id: UserId) -> User[D]:
        """Return the user with an id, active or deactivated.

        Args:
            user_id: The user.

        Returns:
            The user.

        Raises:
            NotFound: No such user.

        """
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
        if user is None:
            raise NotFound("user", user_id)
        return self._profiles.bind(user)
