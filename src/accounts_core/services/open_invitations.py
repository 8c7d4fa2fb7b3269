"""Open invitations, found by their team or by the user who is invited.

Every other invitation is reported as `NotFound`, so that ids tell nothing about other teams.
"""

from datetime import datetime

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.policy import Policy
from accounts_core.model.team import InvitationView
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Reader, UnitOfWork


async def open_invitation_into(
    reader: Reader, team_id: TeamId, id: str, *, clock: Clock, policy: Policy
) -> InvitationView:
    """Return the open invitation with this id into the team.

    Raises:
        NotFound: No such invitation, it is not open, or it is into another team.

    """
    view = await reader.teams.find_invitation(id, open_since=policy.invitations_open_since(clock.now()))
    if view is None or view.invitation.team_id != team_id:
        raise NotFound("invitation", id)
    return view


def invitation_cursor(view: InvitationView) -> Cursor:
    """Return an invitation's position in a list."""
    return Cursor(view.invitation.created_at, view.invitation.id)


async def open_invitation_to(work: UnitOfWork, user_id: UserId, id: str, *, open_since: datetime) -> InvitationView:
    """Return the open invitation with this id to the user's verified address.

    Raises:
        NotFound: No such invitation, it is not open, it invites another address, or the user's is unverified;
            or the user does not exist.

    """
    user = await work.users.get(user_id)
    view = await work.teams.find_invitation(id, open_since=open_since)
    if view is None or user.email_verified_at is None or view.invitation.email != user.email:
        raise NotFound("invitation", id)
    return view
