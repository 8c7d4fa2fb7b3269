"""Reading and writing what is said in a team."""

from typing import Final

import attrs

from accounts_core.model.events import InteractionWritten
from accounts_core.model.ids import ID_BYTES, TeamId, UserId, prefixed_id
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.team import Interaction, InteractionView, Person
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.paging import Listed
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.teams.membership import locked_for, seen_by

MAX_PAGE_CHARACTERS: Final = 100_000
"""What was written that one page holds at most, in characters: 600 KB as JSON, where a character can take six bytes."""


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


def _cursor(interaction: Interaction) -> Cursor:
    return Cursor(interaction.created_at, interaction.id)


@attrs.frozen
class WriteInteraction:
    """Write something in a team."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _secrets: Secrets

    async def __call__(self, user_id: UserId, team_id: TeamId, *, body: str) -> InteractionView:
        """Raises `NotFound`, `Invalid` on `body`, and `LimitExceeded`."""
        await self._attempts.interaction(user_id)

        async def attempt() -> InteractionView:
            async with self._store.begin() as work:
                await locked_for(work, team_id, user_id)
                author = await work.users.get(user_id)
                now = self._clock.now()
                interaction = Interaction.write(
                    id=prefixed_id("int", self._secrets.random_bytes(ID_BYTES)),
                    team_id=team_id,
                    author_id=user_id,
                    text=body,
                    at=now,
                )
                await work.teams.add_interaction(interaction)
                work.record(InteractionWritten(user_id=user_id, at=now, team_id=team_id, interaction_id=interaction.id))
            return InteractionView(interaction=interaction, author=Person(id=author.id, name=author.name))

        return await settle(self._store, attempt)
