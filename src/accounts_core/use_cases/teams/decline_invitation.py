"""Decline an invitation. It is removed, so its address can be invited again."""

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.events import InvitationDeclined
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.open_invitations import open_invitation_to
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class DeclineInvitation:
    """Decline an invitation into a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Decline an invitation, which removes it.

        Args:
            user_id: The invited user.
            id: The invitation's id.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No open invitation with this id invites the user's verified address, or the user does not exist.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                now = self._clock.now()
                open_since = self._policy.invitations_open_since(now)
                team_id = (await open_invitation_to(work, user_id, id, open_since=open_since)).invitation.team_id
                if not await work.teams.delete_invitation(id):
                    raise NotFound("invitation", id)
                work.record(InvitationDeclined(user_id=user_id, at=now, team_id=team_id))

        await retry_on_conflict(self._store, attempt)
