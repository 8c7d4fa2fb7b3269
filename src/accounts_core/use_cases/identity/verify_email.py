import attrs

from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.services.email_verifier import EmailVerifier


@attrs.frozen
class VerifyEmail:
    """Take the address that waits for it as verified: for operators, and for whoever has seen the person's proof."""

    _verifier: EmailVerifier

    async def __call__(self, user_id: UserId) -> User:
        """Verify the pending address if there is one, else the present one, and return the user.

        Raises `NotFound`, and `EmailTaken` when somebody else has verified the pending address first.
        """
        return await self._verifier.verify(lambda work: work.users.get(user_id, lock=True), by=Actor.OPERATOR)
