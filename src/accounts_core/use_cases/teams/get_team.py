import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import TeamView
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.team_access import seen_by


@attrs.frozen
class GetTeam:
    """Read one team."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId, team_id: TeamId) -> TeamView:
        """Raises `NotFound` for strangers, too."""
        async with self._store.read() as views:
            return await seen_by(views, team_id, user_id)
