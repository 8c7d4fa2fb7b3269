"""Revoke an invitation. It is removed, so its address can be invited again."""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.events import InvitationRevoked
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.open_invitations import open_invitation_into
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by


@attrs.frozen
class RevokeInvitation:
    """Revoke an invitation into a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, id: str) -> None:
        """Revoke an open invitation, which removes it.

        Args:
            user_id: The team's owner.
            team_id: The team.
            id: The invitation's id.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such team, the user is not in it, or it has no open invitation with this id.
            NotAllowed: The user is a member, not the owner.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                view = await open_invitation_into(work, team_id, id, clock=self._clock, policy=self._policy)
                if not await work.teams.delete_invitation(id):
                    raise NotFound("invitation", id)
                now = self._clock.now()
                work.record(InvitationRevoked(user_id=user_id, at=now, team_id=team_id, email=view.invitation.email))

        await retry_on_conflict(self._store, attempt)
