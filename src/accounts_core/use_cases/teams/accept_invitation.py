"""An invitation is checked twice: to find its team, and again with the team locked.

In between, the owner may have revoked it or transferred the team.
"""

import attrs

from accounts_core.errors import NotFound, QuotaExceeded
from accounts_core.model.events import InvitationAccepted
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.policy import Policy
from accounts_core.model.team import Membership, Team
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.open_invitations import open_invitation_to
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class AcceptInvitation:
    """Accept an invitation into a team."""

    _store: Store[UnitOfWork]
    _outbox: OutboxWriter
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Make the user a member of the team that an invitation is for, and notify the team's owner.

        A user who is in the team already stays what they are. The invitation is removed.

        Args:
            user_id: The invited user.
            id: The invitation's id.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No open invitation with this id invites the user's verified address, or the user does not exist.
            QuotaExceeded: The team has as many members as the policy allows. The invitation stays open.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                now = self._clock.now()
                open_since = self._policy.invitations_open_since(now)
                team_id = (await open_invitation_to(work, user_id, id, open_since=open_since)).invitation.team_id
                team = await work.teams.get(team_id, lock=True)
                # read again under the lock: the owner may have revoked it or transferred the team
                await open_invitation_to(work, user_id, id, open_since=open_since)
                if not await work.teams.delete_invitation(id):
                    raise NotFound("invitation", id)
                if await work.teams.find_role(team_id, user_id) is None:
                    if await work.teams.count_members(team_id) >= self._policy.quotas.members:
                        raise QuotaExceeded("members per account", self._policy.quotas.members)
                    await work.teams.add_member(Membership(team_id=team_id, user_id=user_id, created_at=now))
                    await self._notify(work, team)
                work.record(InvitationAccepted(user_id=user_id, at=now, team_id=team_id))

        await retry_on_conflict(self._store, attempt)

    async def _notify(self, work: UnitOfWork, team: Team) -> None:
        await work.notifications.add(
            Notification.invitation_accepted(
                id=self._outbox.new_id("ntf"), user_id=team.owner_id, team_name=team.name, at=self._clock.now()
            )
        )
        await work.notifications.delete_oldest_for_user(team.owner_id, keep=self._policy.quotas.notifications)
