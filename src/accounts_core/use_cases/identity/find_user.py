"""Look a user up by email address, for operators and the host application.

It says whether an address has an account, so it must not be offered to the public (ASVS 5.0, 6.3.8).
"""

from typing import Generic

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import email_of
from accounts_core.services.profiles import Profiles


@attrs.frozen
class FindUser(Generic[D]):
    """Look a user up by email address."""

    _store: Store[UnitOfWork]
    _profiles: Profiles[D]

    async def __call__(self, email: EmailAddress | str) -> User[D]:
        """Return the user with an email address, active or deactivated.

        Args:
            email: The present address of the account, compared without regard to case; a pending one is not searched.

        Returns:
            The user.

        Raises:
            NotFound: No account has this address.
            Invalid: On `email`, which is no address.

        """
        address = email_of(email)
        async with self._store.reader() as reader:
            user = await reader.users.find_by_email(address)
        if user is None:
            raise NotFound("user", address)
        return self._profiles.bind(user)
