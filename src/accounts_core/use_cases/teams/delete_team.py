"""Only the owner deletes a team. Users who are not in it get `NotFound`, so that ids tell nothing about other teams."""

import attrs

from accounts_core.model.events import TeamDeleted
from accounts_core.model.ids import TeamId, UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by


@attrs.frozen
class DeleteTeam:
    """Delete a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId) -> None:
        """Delete a team with its memberships, invitations and interactions.

        Args:
            user_id: The team's owner.
            team_id: The team to delete.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                await work.teams.delete(team_id)
                work.record(TeamDeleted(user_id=user_id, at=self._clock.now(), team_id=team_id))

        await retry_on_conflict(self._store, attempt)
