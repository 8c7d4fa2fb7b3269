"""Reading and removing members."""

from collections.abc import Sequence

import attrs

from accounts_core.errors import NotAllowed, NotFound
from accounts_core.model.events import MemberRemoved
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Member, Role
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.teams.membership import locked_for, seen_by


@attrs.frozen
class ListTeamMembers:
    """Read who is in a team."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = 50, before: UserId | None = None
    ) -> Sequence[Member]:
        """Return at most `limit`, the owner among them, from the one after `before` on. Raises `NotFound`."""
        async with self._store.read() as views:
            await seen_by(views, team_id, user_id)
            return await views.teams.members(team_id, limit=limit, before=before)


@attrs.frozen
class RemoveTeamMember:
    """Remove somebody from a team, or leave it."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId, *, member_id: UserId) -> None:
        """The owner removes anyone but themself; a member leaves. What they wrote stays.

        Raises `NotFound` for strangers and for nobody's membership, `NotAllowed` and `LimitExceeded`.
        """
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team, role = await locked_for(work, team_id, user_id)
                if member_id == team.owner_id:
                    raise NotAllowed("The owner cannot leave: hand the account over, or delete it.")
                if role is not Role.OWNER and member_id != user_id:
                    raise NotAllowed("Only the owner of an account removes other members.")
                if not await work.teams.remove_member(team_id, member_id):
                    raise NotFound("member", member_id)
                work.record(MemberRemoved(user_id=user_id, at=self._clock.now(), team_id=team_id, member_id=member_id))

        await settle(self._store, attempt)
