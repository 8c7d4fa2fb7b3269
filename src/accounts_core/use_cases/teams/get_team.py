"""Users who are not in a team get `NotFound`, so that ids tell nothing about other teams."""

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
        """Return a team and the user's role in it.

        Args:
            user_id: The owner or a member of the team.
            team_id: The team to return.

        Returns:
            The team as this user sees it.

        Raises:
            NotFound: No such team, or the user is not in it.

        """
        async with self._store.reader() as reader:
            return await seen_by(reader, team_id, user_id)
