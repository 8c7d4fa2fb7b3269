"""Founding, reading, renaming, handing over and deleting teams."""

import attrs

from accounts_core.errors import Invalid
from accounts_core.model.events import TeamHandedOver
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.policy import Policy
from accounts_core.model.team import Membership
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle
from accounts_core.services.team_access import owned_by
from accounts_core.use_cases.teams.create_team import may_own_another


@attrs.frozen
class HandOverTeam:
    """Make a member the owner; the old owner stays as a member, and the invitations that they sent end."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, to: UserId) -> None:
        """Raises `NotFound`, `NotAllowed` for a member, and `Invalid` on `user_id` when `to` is no member.

        Raises `LimitExceeded`, and `QuotaExceeded` when the new owner owns as many as the policy allows.
        """
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team = await owned_by(work, team_id, user_id)
                if to == user_id:
                    return
                if not await work.teams.remove_member(team_id, to):
                    raise Invalid("user_id", "Only a member of the account can become its owner.")
                await may_own_another(work, to, self._policy)
                now = self._clock.now()
                await work.teams.add_member(Membership(team_id=team_id, user_id=user_id, created_at=now))
                await work.teams.remove_invitations_into(team_id)
                await work.teams.save(team.hand_over(to))
                work.record(TeamHandedOver(user_id=user_id, at=now, team_id=team_id, owner_id=to))

        await settle(self._store, attempt)
