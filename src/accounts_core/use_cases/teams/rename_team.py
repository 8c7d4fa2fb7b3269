"""Only the owner renames a team. A name that does not change writes nothing."""

import attrs

from accounts_core.model.events import TeamRenamed
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role, TeamView
from accounts_core.model.text import display_name
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import owned_by


@attrs.frozen
class RenameTeam:
    """Rename a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId, *, name: str) -> TeamView:
        """Rename a team.

        Args:
            user_id: The team's owner.
            team_id: The team to rename.
            name: The new name, 1 to 200 characters on one line.

        Returns:
            The team with its new name.

        Raises:
            Invalid: On `name`: empty, too long, several lines, control characters, or a card number.
            RateLimitExceeded: Too many changes by this user (`write`).
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.

        """
        display_name("name", name)
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> TeamView:
            async with self._store.begin() as work:
                before = await owned_by(work, team_id, user_id)
                team = before.rename(name)
                if team.name != before.name:
                    team = await work.teams.save(team)
                    now = self._clock.now()
                    work.record(TeamRenamed(user_id=user_id, at=now, team_id=team_id, name=team.name))
            return TeamView(team=team, role=Role.OWNER)

        return await retry_on_conflict(self._store, attempt)
