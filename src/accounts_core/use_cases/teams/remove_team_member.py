"""Reading and removing members."""

import attrs

from accounts_core.errors import NotAllowed, NotFound
from accounts_core.model.events import MemberRemoved
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.retry import settle
from accounts_core.services.team_access import locked_for


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
