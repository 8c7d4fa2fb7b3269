"""Interactions are long texts, so a page is limited by their length as well as by their number."""

from typing import Final

import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.team import Interaction, InteractionView
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed
from accounts_core.services.team_access import seen_by

MAX_PAGE_CHARACTERS: Final = 100_000
"""Limit of a page, in characters of text: 600 KB as JSON, where a character takes up to six bytes."""


def _cursor(interaction: Interaction) -> Cursor:
    return Cursor(interaction.created_at, interaction.id)


@attrs.frozen
class ListInteractions:
    """List the interactions of a team."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InteractionView]:
        """Return one page of what was written in a team, newest first.

        Args:
            user_id: The owner or a member of the team.
            team_id: The team.
            limit: The most entries to return; less than 1 gives an empty page. A page also ends before its texts exceed
                100,000 characters together, but always holds one entry.
            before: `next` of the previous page, or the id of one of these interactions; None starts with the newest.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one.

        Raises:
            NotFound: No such team, or the user is not in it.
            Invalid: On `before`: neither a cursor of this list nor the id of an entry.

        """
        async with self._store.reader() as reader:
            await seen_by(reader, team_id, user_id)

            async def find(id: str) -> Cursor | None:
                written = await reader.teams.find_interaction(id)
                return None if written is None or written.team_id != team_id else _cursor(written)

            return await Listed(
                name=f"interactions of {team_id}",
                kind=Cursor,
                position=lambda view: _cursor(view.interaction),
                read=lambda count, below: reader.teams.list_interactions(team_id, limit=count, before=below),
                find=find,
                size=lambda view: len(view.interaction.body),
                max_size=MAX_PAGE_CHARACTERS,
            ).page(limit=limit, before=before)
