"""Mark an email address as verified without a mail, for an operator who has other proof that it is the user's."""

from typing import Generic

import attrs

from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.profile_data import D
from accounts_core.model.user import User
from accounts_core.services.email_verifier import EmailVerifier
from accounts_core.services.profiles import Profiles


@attrs.frozen
class MarkEmailVerified(Generic[D]):
    """Mark a user's email address as verified, for operators."""

    _verifier: EmailVerifier
    _profiles: Profiles[D]

    async def __call__(self, user_id: UserId) -> User[D]:
        """Mark the pending email address of a user as verified, or the present one if none is pending.

        A pending address becomes the present one. Nothing happens when there is no address to verify.

        Args:
            user_id: The user.

        Returns:
            The user, with a verified address.

        Raises:
            NotFound: No such user.
            EmailTaken: Another account has the pending address by now.

        """
        verified = await self._verifier.verify(lambda work: work.users.get(user_id, lock=True), by=Actor.OPERATOR)
        return self._profiles.bind(verified)
