import attrs

from accounts_core.errors import NotFound
from accounts_core.model.events import InvitationRevoked
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.open_invitations import open_invitation_into
from accounts_core.services.retry import settle
from accounts_core.services.team_access import owned_by


@attrs.frozen
class RevokeInvitation:
    """Take an invitation back."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, id: str) -> None:
        """End the invitation. Raises `NotFound`, `NotAllowed` for anybody but the owner, and `LimitExceeded`."""
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await open_invitation_into(work, team_id, id, clock=self._clock, policy=self._policy)
                if not await work.teams.remove_invitation(id):
                    raise NotFound("invitation", id)
                now = self._clock.now()
                work.record(InvitationRevoked(user_id=user_id, at=now, team_id=team_id, email=view.invitation.email))

        await settle(self._store, attempt)
