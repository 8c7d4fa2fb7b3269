"""The owner is listed with the members, in one order by user id."""

import attrs

from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.model.team import Member
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed
from accounts_core.services.team_access import seen_by


@attrs.frozen
class ListTeamMembers:
    """List the people in a team."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: UserId | str | None = None
    ) -> Page[Member]:
        """Return one page of the people in a team, the owner included, by user id in descending order.

        Args:
            user_id: The owner or a member of the team.
            team_id: The team.
            limit: The most entries to return; less than 1 gives an empty page.
            before: `next` of the previous page, or the user id of somebody in the team; None starts with the highest
                id.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one.

        Raises:
            NotFound: No such team, or the user is not in it.
            Invalid: On `before`: neither a cursor of this list nor the id of somebody in the team.

        """
        async with self._store.reader() as reader:
            await seen_by(reader, team_id, user_id)

            async def find(id: str) -> UserId | None:
                number = number_of(id)
                if number is None or await reader.teams.find_view(team_id, UserId(number)) is None:
                    return None
                return UserId(number)

            return await Listed(
                name=f"members of {team_id}",
                kind=int,
                position=lambda member: member.person.id,
                read=lambda count, below: reader.teams.list_members(
                    team_id, limit=count, before=None if below is None else UserId(below)
                ),
                find=find,
            ).page(limit=limit, before=before)
