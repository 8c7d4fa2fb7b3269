import attrs

from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.policy import Policy
from accounts_core.model.team import InvitationView
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.open_invitations import invitation_cursor
from accounts_core.services.paging import Listed
from accounts_core.services.team_access import seen_by


@attrs.frozen
class ListTeamInvitations:
    """Read the open invitations into a team."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InvitationView]:
        """Return at most `limit`, newest first, from the position or the id `before` on.

        Raises `Invalid` on `before`, `NotFound`, and `NotAllowed` for anybody but the owner.
        """
        open_since = self._policy.invitations_open_since(self._clock.now())
        async with self._store.read() as views:
            (await seen_by(views, team_id, user_id)).team.check_owner(user_id)

            async def find(id: str) -> Cursor | None:
                view = await views.teams.find_invitation(id, open_since=open_since)
                return None if view is None or view.invitation.team_id != team_id else invitation_cursor(view)

            return await Listed(
                name=f"invitations into {team_id}",
                kind=Cursor,
                position=invitation_cursor,
                read=lambda count, below: views.teams.invitations_into(
                    team_id, open_since=open_since, limit=count, before=below
                ),
                find=find,
            ).page(limit=limit, before=before)
