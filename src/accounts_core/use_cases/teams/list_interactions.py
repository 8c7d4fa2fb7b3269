from typing import Final

import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.team import Interaction, InteractionView
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed
from accounts_core.services.team_access import seen_by

MAX_PAGE_CHARACTERS: Final = 100_000
"""What was written that one page holds at most, in characters: 600 KB as JSON, where a character can take six bytes."""


def _cursor(interaction: Interaction) -> Cursor:
    return Cursor(interaction.created_at, interaction.id)


@attrs.frozen
class ListInteractions:
    """Read what was written in a team."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InteractionView]:
        """Return at most `limit`, newest first, from the position or the id `before` on.

        A page ends before it holds more than `MAX_PAGE_CHARACTERS`. Raises `NotFound`, and `Invalid` on `before`.
        """
        async with self._store.read() as views:
            await seen_by(views, team_id, user_id)

            async def find(id: str) -> Cursor | None:
                written = await views.teams.find_interaction(id)
                return None if written is None or written.team_id != team_id else _cursor(written)

            return await Listed(
                name=f"interactions of {team_id}",
                kind=Cursor,
                position=lambda view: _cursor(view.interaction),
                read=lambda count, below: views.teams.interactions(team_id, limit=count, before=below),
                find=find,
                size=lambda view: len(view.interaction.body),
                max_size=MAX_PAGE_CHARACTERS,
            ).page(limit=limit, before=before)
