"""A team has one owner, so a transfer swaps two roles.

Open invitations end with it: they rest on the old owner's right to invite.
"""

import attrs

from accounts_core.errors import Invalid
from accounts_core.model.events import TeamHandedOver
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.model.team import Membership
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by
from accounts_core.use_cases.teams.create_team import may_own_another


@attrs.frozen
class HandOverTeam:
    """Transfer a team to one of its members."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, to: UserId) -> None:
        """Make a member the owner of a team; the old owner becomes a member.

        All invitations into the team are removed. A transfer to the present owner changes nothing.

        Args:
            user_id: The present owner.
            team_id: The team to transfer.
            to: The member who becomes the owner.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.
            Invalid: On `user_id`: `to` is not a member of the team.
            QuotaExceeded: The new owner owns as many teams as the policy allows.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team = await owned_by(work, team_id, user_id)
                if to == user_id:
                    return
                if not await work.teams.delete_member(team_id, to):
                    raise Invalid("user_id", "Only a member of the account can become its owner.")
                await may_own_another(work, to, self._policy)
                now = self._clock.now()
                await work.teams.add_member(Membership(team_id=team_id, user_id=user_id, created_at=now))
                await work.teams.delete_invitations_into(team_id)
                await work.teams.save(team.hand_over(to))
                work.record(TeamHandedOver(user_id=user_id, at=now, team_id=team_id, owner_id=to))

        await retry_on_conflict(self._store, attempt)
