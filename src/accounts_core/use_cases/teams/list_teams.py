"""Teams are listed by id in descending order, which is newest first."""

import attrs

from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.model.team import TeamView
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


@attrs.frozen
class ListTeams:
    """List the teams of a user."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: TeamId | str | None = None
    ) -> Page[TeamView]:
        """Return one page of the teams that the user owns or is a member of, newest first.

        Args:
            user_id: The owner or member.
            limit: The most entries to return; less than 1 gives an empty page.
            before: `next` of the previous page, or the id of one of these teams; None starts with the newest.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one. Empty for an unknown user.

        Raises:
            Invalid: On `before`: neither a cursor of this list nor the id of an entry.

        """
        async with self._store.reader() as reader:

            async def find(id: str) -> TeamId | None:
                number = number_of(id)
                view = None if number is None else await reader.teams.find_view(TeamId(number), user_id)
                return None if view is None else view.team.id

            return await Listed(
                name=f"teams of {user_id}",
                kind=int,
                position=lambda view: view.team.id,
                read=lambda count, below: reader.teams.list_for_user(
                    user_id, limit=count, before=None if below is None else TeamId(below)
                ),
                find=find,
            ).page(limit=limit, before=before)
