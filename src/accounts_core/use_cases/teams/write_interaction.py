"""The team is locked while the text is added, so that a user who was removed at the same moment cannot write in it."""

import attrs

from accounts_core.model.events import InteractionWritten
from accounts_core.model.ids import ID_BYTES, TeamId, UserId, prefixed_id
from accounts_core.model.team import Interaction, InteractionView, Person
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict
from accounts_core.services.team_access import locked_for


@attrs.frozen
class WriteInteraction:
    """Write an interaction in a team."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock
    _secrets: Secrets

    async def __call__(self, user_id: UserId, team_id: TeamId, *, body: str) -> InteractionView:
        """Write a text in a team.

        Args:
            user_id: The author: the owner or a member of the team.
            team_id: The team.
            body: The text, 1 to 10,000 characters; line breaks and tabs are allowed.

        Returns:
            The interaction with its author's name.

        Raises:
            RateLimitExceeded: Too many interactions by this user (`interaction`).
            NotFound: No such team, or the user is not in it.
            Invalid: On `body`: empty, too long, or with characters that cannot be stored.

        """
        await self._rate_limits.consume_interaction(user_id)

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

        return await retry_on_conflict(self._store, attempt)
