import attrs

from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.model.team import TeamView
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


@attrs.frozen
class ListTeams:
    """Read the teams that a user owns or is a member of."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: TeamId | str | None = None
    ) -> Page[TeamView]:
        """Return at most `limit`, newest first, from the position or the id `before` on. Raises `Invalid` on it."""
        async with self._store.read() as views:

            async def find(id: str) -> TeamId | None:
                number = number_of(id)
                view = None if number is None else await views.teams.view(TeamId(number), user_id)
                return None if view is None else view.team.id

            return await Listed(
                name=f"teams of {user_id}",
                kind=int,
                position=lambda view: view.team.id,
                read=lambda count, below: views.teams.views_of(
                    user_id, limit=count, before=None if below is None else TeamId(below)
                ),
                find=find,
            ).page(limit=limit, before=before)
