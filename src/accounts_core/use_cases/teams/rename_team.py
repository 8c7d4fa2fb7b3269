import attrs

from accounts_core.model.events import TeamRenamed
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role, TeamView
from accounts_core.model.text import display_name
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle
from accounts_core.services.team_access import owned_by


@attrs.frozen
class RenameTeam:
    """Give a team another name."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId, *, name: str) -> TeamView:
        """Rename the team and return it; the name that it has changes nothing.

        Raises `Invalid` on `name`, `NotFound`, `NotAllowed` for a member, and `LimitExceeded`.
        """
        display_name("name", name)
        await self._attempts.write(user_id)

        async def attempt() -> TeamView:
            async with self._store.begin() as work:
                before = await owned_by(work, team_id, user_id)
                team = before.rename(name)
                if team.name != before.name:
                    team = await work.teams.save(team)
                    now = self._clock.now()
                    work.record(TeamRenamed(user_id=user_id, at=now, team_id=team_id, name=team.name))
            return TeamView(team=team, role=Role.OWNER)

        return await settle(self._store, attempt)
