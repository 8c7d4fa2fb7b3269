"""Only the owner sees whom a team has invited: the addresses are none of the members' business."""

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
    """List the open invitations into a team."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(
        self, user_id: UserId, team_id: TeamId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InvitationView]:
        """Return one page of the open invitations into a team, newest first.

        Args:
            user_id: The team's owner.
            team_id: The team.
            limit: The most entries to return; less than 1 gives an empty page.
            before: `next` of the previous page, or the id of one of these invitations; None starts with the newest.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one.

        Raises:
            NotFound: No such team, or the user is not in it.
            NotAllowed: The user is a member, not the owner.
            Invalid: On `before`: neither a cursor of this list nor the id of an entry.

        """
        open_since = self._policy.invitations_open_since(self._clock.now())
        async with self._store.reader() as reader:
            (await seen_by(reader, team_id, user_id)).team.check_owner(user_id)

            async def find(id: str) -> Cursor | None:
                view = await reader.teams.find_invitation(id, open_since=open_since)
                return None if view is None or view.invitation.team_id != team_id else invitation_cursor(view)

            return await Listed(
                name=f"invitations into {team_id}",
                kind=Cursor,
                position=invitation_cursor,
                read=lambda count, below: reader.teams.list_invitations_into(
                    team_id, open_since=open_since, limit=count, before=below
                ),
                find=find,
            ).page(limit=limit, before=before)
