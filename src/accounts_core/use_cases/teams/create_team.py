"""The owner is locked while their teams are counted, so that concurrent calls cannot exceed the quota."""

import attrs

from accounts_core.errors import QuotaExceeded
from accounts_core.model.events import TeamCreated
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.model.team import Role, Team, TeamView
from accounts_core.model.text import display_name
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


async def may_own_another(work: UnitOfWork, user_id: UserId, policy: Policy) -> None:
    """Check that the user may own one more team.

    Raises:
        QuotaExceeded: The user owns as many teams as the policy allows.

    """
    if await work.teams.count_owned_by(user_id) >= policy.quotas.teams:
        raise QuotaExceeded("accounts per owner", policy.quotas.teams)


@attrs.frozen
class CreateTeam:
    """Create a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, *, name: str) -> TeamView:
        """Create a team that the user owns.

        Args:
            user_id: The owner.
            name: The team's name, 1 to 200 characters on one line.

        Returns:
            The new team, with the role of its owner.

        Raises:
            Invalid: On `name`: empty, too long, several lines, control characters, or a card number.
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such user.
            QuotaExceeded: The user owns as many teams as the policy allows.

        """
        display_name("name", name)
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> TeamView:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                await may_own_another(work, user_id, self._policy)
                now = self._clock.now()
                team = Team.found(id=await work.teams.next_id(), name=name, owner_id=user_id, at=now)
                await work.teams.add(team)
                work.record(TeamCreated(user_id=user_id, at=now, team_id=team.id))
            return TeamView(team=team, role=Role.OWNER)

        return await retry_on_conflict(self._store, attempt)
