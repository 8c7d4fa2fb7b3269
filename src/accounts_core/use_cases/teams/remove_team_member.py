"""Leaving a team and being removed from it are the same change. The owner cannot leave: a team always has an owner."""

import attrs

from accounts_core.errors import NotAllowed, NotFound
from accounts_core.model.events import MemberRemoved
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import locked_for


@attrs.frozen
class RemoveTeamMember:
    """Remove a member from a team, or leave it."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId, *, member_id: UserId) -> None:
        """Remove a member from a team: any member as its owner, or oneself as a member.

        The member's interactions stay in the team.

        Args:
            user_id: The owner, or the member who leaves.
            team_id: The team.
            member_id: The member to remove.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such team, the user is not in it, or `member_id` is not a member of it.
            NotAllowed: `member_id` is the owner, or a member tried to remove somebody else.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team, role = await locked_for(work, team_id, user_id)
                if member_id == team.owner_id:
                    raise NotAllowed("The owner cannot leave: hand the account over, or delete it.")
                if role is not Role.OWNER and member_id != user_id:
                    raise NotAllowed("Only the owner of an account removes other members.")
                if not await work.teams.delete_member(team_id, member_id):
                    raise NotFound("member", member_id)
                work.record(MemberRemoved(user_id=user_id, at=self._clock.now(), team_id=team_id, member_id=member_id))

        await retry_on_conflict(self._store, attempt)
